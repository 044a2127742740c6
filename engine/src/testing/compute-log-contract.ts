import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict } from "../errors.ts";
import type { ComputeLog } from "../ports/compute-log.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What every ComputeLog does. `fresh` gives an empty one. */
export function computeLogContract(fresh: () => Promise<ComputeLog>): void {
  describe("ComputeLog", () => {
    const id = { runId: "run-1", logKey: "raw__orders", stream: "out" } as const;
    let log: ComputeLog;
    beforeEach(async () => {
      log = await fresh();
    });
    const text = async (key: Parameters<ComputeLog["read"]>[0], offset = 0, max = 1000) => {
      const { data, size } = await log.read(key, offset, max);
      return [new TextDecoder().decode(data), size];
    };

    test("what is appended is read back in parts", async () => {
      await log.append(id, 0, bytes("hello "));
      await log.append(id, 6, bytes("world"));
      expect(await text(id)).toEqual(["hello world", 11]);
      expect(await text(id, 6, 3)).toEqual(["wor", 11]);
      expect(await text(id, 11)).toEqual(["", 11]);
      expect(await text(id, 500)).toEqual(["", 11]);
    });

    test("a log that nobody wrote is empty", async () => {
      expect(await text(id)).toEqual(["", 0]);
      await log.delete("no such run");
    });

    test("a repeated chunk changes nothing, an overlapping one adds only what is new", async () => {
      await log.append(id, 0, bytes("abcdef"));
      await log.append(id, 0, bytes("abc"));
      await log.append(id, 3, bytes("defgh"));
      expect(await text(id)).toEqual(["abcdefgh", 8]);
    });

    test("a chunk beyond the end is refused", async () => {
      await log.append(id, 0, bytes("abc"));
      await expect(log.append(id, 4, bytes("x"))).rejects.toBeInstanceOf(Conflict);
      expect(await text(id)).toEqual(["abc", 3]);
    });

    test("streams, steps and runs are apart, whatever their names", async () => {
      const odd = { runId: "run-1", logKey: "../../a/b[x|y]. ü%2F", stream: "err" } as const;
      const ids = [
        id,
        { ...id, stream: "err" } as const,
        { ...id, logKey: "worker" },
        { ...id, runId: "run-2" },
        odd,
      ];
      for (const [n, each] of ids.entries()) await log.append(each, 0, bytes(`${n}`));
      for (const [n, each] of ids.entries()) expect(await text(each)).toEqual([`${n}`, 1]);
      await log.delete("run-1");
      expect(await text(id)).toEqual(["", 0]);
      expect(await text(odd)).toEqual(["", 0]);
      expect(await text({ ...id, runId: "run-2" })).toEqual(["3", 1]);
    });

    test("the same chunks sent at once are stored once, in order", async () => {
      const chunks = Array.from({ length: 50 }, (_, n) => bytes(`line ${String(n).padStart(3, "0")}\n`));
      let offset = 0;
      for (const chunk of chunks) {
        const at = offset;
        await Promise.all([log.append(id, at, chunk), log.append(id, at, chunk)]);
        offset += chunk.length;
      }
      expect(await text(id, 0, 10_000)).toEqual([
        chunks.map((chunk) => new TextDecoder().decode(chunk)).join(""),
        offset,
      ]);
    });

    test("bytes are bytes", async () => {
      const data = Uint8Array.from({ length: 256 }, (_, n) => n);
      await log.append(id, 0, data);
      expect([...(await log.read(id, 0, 1000)).data]).toEqual([...data]);
    });
  });
}
