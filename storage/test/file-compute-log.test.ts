import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeLogContract } from "@dagster-operator/engine/testing";
import { afterEach, describe, expect, test } from "@jest/globals";
import { FileComputeLog } from "../src/compute-log/file.ts";

const folders: string[] = [];
async function fresh(): Promise<FileComputeLog> {
  const folder = await mkdtemp(join(tmpdir(), "dagster-operator-logs-"));
  folders.push(folder);
  return new FileComputeLog(folder);
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

describe("FileComputeLog", () => {
  computeLogContract(fresh);

  test("a log of 100 MB is written and read in parts without being held in memory", async () => {
    const log = await fresh();
    const id = { runId: "big", logKey: "worker", stream: "out" } as const;
    const chunk = new Uint8Array(256 * 1024).fill(120);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let n = 0; n < 400; n++) {
      await log.append(id, n * chunk.length, chunk);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    const { data, size } = await log.read(id, 399 * chunk.length, 1 << 20);
    expect(size).toBe(400 * chunk.length);
    expect(data.length).toBe(chunk.length);
    expect(most).toBeLessThan(20 * 1024 * 1024);
  });

  test("a write that was cut off is completed by the repeated chunk", async () => {
    const log = await fresh();
    const id = { runId: "r", logKey: "s", stream: "out" } as const;
    const text = new TextEncoder().encode("a whole line\n");
    await log.append(id, 0, text.subarray(0, 5));
    await log.append(id, 0, text);
    expect(new TextDecoder().decode((await log.read(id, 0, 100)).data)).toBe("a whole line\n");
  });
});
