import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ComputeLogs, type StreamName } from "../src/capture/compute-logs.ts";
import { LogStream } from "../src/capture/log-stream.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function drain(stream: LogStream, max: number): Buffer {
  const parts: Buffer[] = [];
  while (stream.pending > 0) {
    const chunk = stream.peek(max);
    parts.push(Buffer.from(chunk));
    stream.ack(chunk.length);
  }
  return Buffer.concat(parts);
}

test("gives bytes back in order while memory, disk and memory again hold them", () => {
  const file = join(folder, "a.out");
  const stream = new LogStream({ file, limit: 1e9 });
  const written: Buffer[] = [];
  const write = (size: number, fill: string) => {
    const data = Buffer.alloc(size, fill);
    written.push(data);
    stream.write(data);
  };
  write(10, "a");
  write(2_000_000, "b");
  expect(existsSync(file)).toBe(true);
  write(300, "c");
  const first = Buffer.from(stream.peek(1_500_000));
  stream.ack(first.length);
  write(300, "d");
  const rest = drain(stream, 70_000);
  expect(existsSync(file)).toBe(false);
  write(5, "e");
  const last = drain(stream, 2);
  expect(Buffer.concat([first, rest, last]).equals(Buffer.concat(written))).toBe(true);
  expect(stream.offset).toBe(Buffer.concat(written).length);
});

test("keeps as many bytes as it may and says that there was more", () => {
  const stream = new LogStream({ file: join(folder, "a.out"), limit: 10 });
  stream.write(Buffer.from("12345678"));
  stream.write(Buffer.from("90abc"));
  stream.write(Buffer.from("def"));
  const text = drain(stream, 100).toString();
  expect(text.startsWith("1234567890\n")).toBe(true);
  expect(text).toContain("output beyond 10 bytes is not kept");
  expect(text).not.toContain("abc");
});

test("sends every stream by offset in chunks of at most 256 KiB and announces each log key once", async () => {
  const stored = new Map<string, Buffer>();
  const announced: string[] = [];
  let largest = 0;
  const logs = new ComputeLogs({
    folder,
    limit: 1e9,
    onFirst: (logKey) => announced.push(logKey),
    onError: (error) => {
      throw error;
    },
    append: async (logKey: string, stream: StreamName, offset, data) => {
      largest = Math.max(largest, data.length);
      const before = stored.get(logKey + stream) ?? Buffer.alloc(0);
      expect(offset).toBe(before.length);
      stored.set(logKey + stream, Buffer.concat([before, data]));
    },
  });
  for (let i = 0; i < 200; i++) {
    logs.write("one", "out", Buffer.alloc(10_000, "x"));
    logs.write("two", i % 2 ? "out" : "err", Buffer.from(`line ${i}\n`));
  }
  await logs.flush();
  logs.close();
  expect(announced).toEqual(["one", "two"]);
  expect(stored.get("oneout")?.length).toBe(2_000_000);
  expect(stored.get("twoerr")?.toString().startsWith("line 0\nline 2\n")).toBe(true);
  expect(largest).toBeLessThanOrEqual(256 * 1024);
});

test("goes on without output when logs can no longer be stored", async () => {
  const errors: unknown[] = [];
  const logs = new ComputeLogs({
    folder,
    limit: 1e9,
    onFirst: () => {},
    onError: (error) => errors.push(error),
    append: () => Promise.reject(new Error("the disk is full")),
  });
  logs.write("one", "out", Buffer.from("a"));
  await logs.flush();
  logs.write("one", "out", Buffer.from("b"));
  await logs.flush();
  expect(errors).toHaveLength(1);
  logs.close();
});
