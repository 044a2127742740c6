import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Outbox } from "../src/events/outbox.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outbox-"));
  file = join(folder, "run", "worker.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

const sequence = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
const through = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("gives lines back in order and forgets what is acknowledged", () => {
  const outbox = new Outbox(5, { file });
  for (let i = 0; i < 10; i++) outbox.push({ i });
  expect(sequence(outbox.peek(4, 1e6).lines)).toEqual([5, 6, 7, 8]);
  outbox.ack(6);
  expect(outbox.peek(100, 1e6)).toMatchObject({ from: 7 });
  expect(sequence(outbox.peek(100, 1e6).lines)).toEqual(through(7, 14));
  outbox.ack(99);
  expect(outbox.size).toBe(0);
  outbox.push({});
  expect(sequence(outbox.peek(1, 1e6).lines)).toEqual([15]);
});

test("limits a batch by bytes, but always gives one line", () => {
  const outbox = new Outbox(1, { file });
  for (let i = 0; i < 3; i++) outbox.push("x".repeat(1000));
  expect(outbox.peek(10, 2100).lines).toHaveLength(2);
  expect(outbox.peek(10, 5).lines).toHaveLength(1);
});

test("has every event in the file as soon as it is pushed, and empties the file when all are accepted", () => {
  const outbox = new Outbox(1, { file });
  for (let i = 0; i < 3; i++) outbox.push({ i, text: "ü" });
  expect(sequence(readFileSync(file, "utf8").trim().split("\n"))).toEqual([1, 2, 3]);
  outbox.ack(2);
  expect(sequence(outbox.peek(9, 1e6).lines)).toEqual([3]);
  outbox.ack(3);
  expect(readFileSync(file, "utf8")).toBe("");
  outbox.push({});
  expect(sequence(outbox.peek(9, 1e6).lines)).toEqual([4]);
  outbox.ack(4);
  outbox.close();
  expect(existsSync(file)).toBe(false);
});

test("reads back from the file what memory is too small for, in order with what comes later", () => {
  const outbox = new Outbox(1, { file, memory: 100 });
  for (let i = 0; i < 50; i++) outbox.push({ i, text: "ü" });
  expect(sequence(outbox.peek(10, 1e6).lines)).toEqual(through(1, 10));
  outbox.ack(45);
  for (let i = 0; i < 10; i++) outbox.push({ i });
  expect(sequence(outbox.peek(99, 1e6).lines)).toEqual(through(46, 60));
  outbox.ack(60);
  outbox.push({});
  expect(sequence(outbox.peek(99, 1e6).lines)).toEqual([61]);
});

test("reads lines back that are larger than a read", () => {
  const outbox = new Outbox(1, { file, memory: 1000 });
  for (let i = 0; i < 4; i++) outbox.push("y".repeat(1_300_000));
  expect(sequence(outbox.peek(3, 1e9).lines)).toEqual([1, 2, 3]);
  outbox.ack(3);
  expect(sequence(outbox.peek(10, 1e9).lines)).toEqual([4]);
});

test("leaves the file to the next worker when something in it was not accepted", () => {
  const outbox = new Outbox(1, { file });
  outbox.push({ a: 1 });
  outbox.sync();
  outbox.close();
  expect(sequence(readFileSync(file, "utf8").trim().split("\n"))).toEqual([1]);
});

test("recovery sends whole lines of every attempt in order, and drops a torn last line", async () => {
  const { recoverSpool, spoolFile } = await import("../src/events/recover.ts");
  for (const attempt of [1, 2, 10]) {
    const path = spoolFile(folder, "r", `worker:${attempt}`);
    const outbox = new Outbox(1, { file: path });
    for (let i = 0; i < 600; i++) outbox.push({ attempt });
    outbox.sync();
    outbox.close();
    appendFileSync(path, '{"seq":601,"event":{"att');
  }
  writeFileSync(join(folder, "r", "note.txt"), "not a spool file");
  const sent: [string, number, number][] = [];
  const control = await recoverSpool(folder, "r", async (producer, lines) => {
    sent.push([producer, sequence(lines)[0] ?? 0, lines.length]);
    return { acceptedThrough: 0, status: "STARTED", cancel: false };
  });
  expect(sent).toEqual(
    [1, 2, 10].flatMap((attempt) => [
      [`worker:${attempt}`, 1, 500],
      [`worker:${attempt}`, 501, 100],
    ]),
  );
  expect(control).toMatchObject({ status: "STARTED" });
  expect(await recoverSpool(folder, "r", () => Promise.reject(new Error("nothing is left")))).toBeNull();
});
