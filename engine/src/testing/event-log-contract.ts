import type { RunEvent } from "@dagster-operator/sdk/internal";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict, NotFound } from "../errors.ts";
import type { Storage } from "../ports/storage.ts";
import {
  exampleEvent,
  exampleRun,
  planEvent,
  present,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";

const step = (type: "STEP_START" | "STEP_RESTARTED", stepKey: string, ts: number): RunEvent =>
  type === "STEP_START"
    ? exampleEvent(type, { stepKey, ts })
    : exampleEvent(type, { stepKey, ts, attempt: 2 });
const log = (message: string) => exampleEvent("LOG_MESSAGE", { message });

/** What every EventLog does. */
export function eventLogContract(subject: StorageSubject): void {
  describe("EventLog", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const types = async (runId: string) =>
      (await storage.events.list(runId, { limit: 1000 })).map(({ event }) => event.type);
    const messages = async (runId: string) =>
      (await storage.events.list(runId, { limit: 1000, types: ["LOG_MESSAGE"] })).map(
        ({ event }) => event.message,
      );

    test("a batch is stored as it was sent and folded into the run and its steps", async () => {
      const { runId } = await startedRun(storage);
      const events: RunEvent[] = [
        planEvent([["a"], ["b"]]),
        step("STEP_START", "a", 2000),
        exampleEvent("STEP_OUTPUT", {
          stepKey: "a",
          output: "result",
          metadata: { z: { type: "int", value: 1 }, a: { type: "null" } },
        }),
        exampleEvent("STEP_SUCCESS", { stepKey: "a", durationMs: 5, ts: 2500 }),
        step("STEP_START", "b", 2600),
        exampleEvent("STEP_UP_FOR_RETRY", {
          stepKey: "b",
          secondsToWait: 1,
          attempt: 1,
          error: { name: "E", message: "no" },
          ts: 2700,
        }),
      ];
      expect(await storage.events.append(workerBatch(runId, events))).toEqual({
        acceptedThrough: 6,
        status: "STARTED",
      });
      const stored = await storage.events.list(runId, { limit: 1000 });
      expect(stored.slice(-6).map(({ event }) => event)).toEqual(events);
      expect(Object.keys((present(stored.at(-4)).event as { metadata: object }).metadata)).toEqual([
        "z",
        "a",
      ]);
      expect(await storage.runs.get(runId)).toMatchObject({
        status: "STARTED",
        stepsTotal: 2,
        stepsDone: 1,
        attempt: 1,
        startedAt: 1000,
      });
      const end = [
        step("STEP_RESTARTED", "b", 3000),
        exampleEvent("STEP_FAILURE", { stepKey: "b", ts: 3500, error: { name: "E", message: "again" } }),
        exampleEvent("RUN_FAILURE", { ts: 4000, error: { name: "RunFailure", message: "b failed" } }),
      ];
      expect(await storage.events.append(workerBatch(runId, end, 7))).toEqual({
        acceptedThrough: 9,
        status: "FAILURE",
      });
      expect(await storage.runs.steps(runId)).toEqual([
        { stepKey: "a", status: "SUCCESS", attempts: 1, startedAt: 2000, endedAt: 2500, error: null },
        {
          stepKey: "b",
          status: "FAILURE",
          attempts: 2,
          startedAt: 2600,
          endedAt: 3500,
          error: { name: "E", message: "again" },
        },
      ]);
      expect(await storage.runs.get(runId)).toMatchObject({
        status: "FAILURE",
        stepsDone: 2,
        endedAt: 4000,
        error: { name: "RunFailure", message: "b failed" },
      });
    });

    test("what is sent again is stored once, whole or in part", async () => {
      const { runId } = await startedRun(storage);
      const batch = workerBatch(runId, [log("1"), log("2")]);
      await storage.events.append(batch);
      expect((await storage.events.append(batch)).acceptedThrough).toBe(2);
      const overlap = workerBatch(runId, [log("2"), log("3")], 2);
      expect((await storage.events.append(overlap)).acceptedThrough).toBe(3);
      expect((await storage.events.append({ ...batch, events: [] })).acceptedThrough).toBe(3);
      expect(await messages(runId)).toEqual(["1", "2", "3"]);
    });

    test("the same batch from several connections at once is stored once", async () => {
      const { runId } = await startedRun(storage);
      const other = await subject.another();
      const batch = workerBatch(runId, [log("1"), step("STEP_START", "s", 1), log("2")]);
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 ? other : storage).events.append(batch)),
      );
      expect(new Set(answers.map(({ acceptedThrough }) => acceptedThrough))).toEqual(new Set([3]));
      expect(await messages(runId)).toEqual(["1", "2"]);
      expect((await storage.runs.steps(runId))[0]?.attempts).toBe(1);
    });

    test("a gap is refused and nothing of the batch is stored", async () => {
      const { runId } = await startedRun(storage);
      await expect(storage.events.append(workerBatch(runId, [log("2")], 2))).rejects.toBeInstanceOf(Conflict);
      const holed = workerBatch(runId, [log("1"), log("3")]);
      present(holed.events[1]).seq = 3;
      await expect(storage.events.append(holed)).rejects.toThrow(/2 was due/);
      expect(await messages(runId)).toEqual([]);
    });

    test("an attempt that was replaced is refused, also for what it sent before", async () => {
      const { runId } = await startedRun(storage);
      const old = workerBatch(runId, [log("old")]);
      await storage.events.append(old);
      await storage.events.append(workerBatch(runId, [log("new")], 1, 2));
      expect((await storage.runs.get(runId))?.attempt).toBe(2);
      await expect(storage.events.append(old)).rejects.toBeInstanceOf(Conflict);
      await expect(storage.events.append(workerBatch(runId, [log("older")], 2))).rejects.toThrow(/attempt/);
      expect(await messages(runId)).toEqual(["old", "new"]);
    });

    test("a batch for no run is refused", async () => {
      const { runId } = exampleRun();
      await expect(storage.events.append(workerBatch(runId, [log("1")]))).rejects.toBeInstanceOf(NotFound);
      await expect(storage.events.report(runId, [log("1")])).rejects.toBeInstanceOf(NotFound);
    });

    test("events after the end are stored and change neither status nor steps, and a second end is none", async () => {
      const { runId } = await startedRun(storage);
      await storage.events.append(
        workerBatch(runId, [step("STEP_START", "s", 1), exampleEvent("RUN_SUCCESS", { ts: 5 })]),
      );
      const before = await storage.runs.get(runId);
      const late = [step("STEP_START", "late", 9), exampleEvent("RUN_FAILURE", { ts: 10 })];
      expect((await storage.events.append(workerBatch(runId, late, 3))).status).toBe("SUCCESS");
      expect(await storage.runs.get(runId)).toEqual({ ...before, updatedAt: expect.any(Number) });
      expect((await storage.runs.steps(runId)).map(({ stepKey }) => stepKey)).toEqual(["s"]);
      expect((await types(runId)).slice(-2)).toEqual(["STEP_START", "ENGINE_EVENT"]);
      const [told] = await storage.events.list(runId, { types: ["ENGINE_EVENT"], limit: 1 });
      expect(told?.event.message).toMatch(/ended after its run had ended \(SUCCESS\); it said: /);
      expect((await types(runId)).filter((type) => type === "RUN_FAILURE")).toEqual([]);
    });

    test("the control plane reports beside a worker, each with its own numbers", async () => {
      const { runId } = await startedRun(storage);
      await storage.events.append(workerBatch(runId, [log("worker 1")]));
      expect((await storage.events.report(runId, [log("plane 1"), log("plane 2")])).acceptedThrough).toBe(2);
      await storage.events.append(workerBatch(runId, [log("worker 2")], 2));
      expect((await storage.events.report(runId, [log("plane 3")])).acceptedThrough).toBe(3);
      expect(await messages(runId)).toEqual(["worker 1", "plane 1", "plane 2", "worker 2", "plane 3"]);
    });

    test("events are read behind a cursor, by type and by step", async () => {
      const { runId } = await startedRun(storage);
      const events = Array.from({ length: 30 }, (_, n) =>
        exampleEvent("LOG_MESSAGE", { message: `${n}`, stepKey: n % 2 ? "odd" : "even" }),
      );
      await storage.events.append(workerBatch(runId, events));
      const all = await storage.events.list(runId, { limit: 1000 });
      expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => a - b));
      const first = await storage.events.list(runId, { limit: 10 });
      const rest = await storage.events.list(runId, { after: present(first.at(-1)).id, limit: 1000 });
      expect([...first, ...rest]).toEqual(all);
      const odd = await storage.events.list(runId, { limit: 1000, stepKey: "odd", types: ["LOG_MESSAGE"] });
      expect(odd.map(({ event }) => event.message)).toEqual(
        events.flatMap((_, n) => (n % 2 ? [`${n}`] : [])),
      );
      expect(await storage.events.list(runId, { limit: 10, types: [] })).toEqual([]);
    });

    test("text that a database cannot hold is stored with a mark in its place", async () => {
      const { runId } = await startedRun(storage);
      const message =
        'nul \0, half a pair \ud83d, a pair \u{1F600}, an escape \\u0000 in text, "quotes"\nand\ta line';
      await storage.events.append(
        workerBatch(runId, [exampleEvent("LOG_MESSAGE", { message, stepKey: "a\0b" })]),
      );
      const [stored] = await storage.events.list(runId, { limit: 10, types: ["LOG_MESSAGE"] });
      expect(stored?.event.message).toBe(message.replace("\0", "\ufffd").toWellFormed());
    });

    test("a batch of a thousand events is stored whole", async () => {
      const { runId } = await startedRun(storage);
      const events = Array.from({ length: 1000 }, (_, n) => log(`${n} ${"x".repeat(200)}`));
      expect((await storage.events.append(workerBatch(runId, events))).acceptedThrough).toBe(1000);
      expect(await messages(runId)).toEqual(events.map(({ message }) => message));
    });

    test("a tail gives events of all runs in order and misses none while many write", async () => {
      const other = await subject.another();
      const runs = await Promise.all(Array.from({ length: 4 }, () => startedRun(storage)));
      let after = 0;
      const seen: string[] = [];
      const read = async () => {
        const found = await other.events.tail(["STEP_FAILURE", "LOG_MESSAGE"], after, 7);
        after = found.at(-1)?.id ?? after;
        seen.push(...found.map(({ runId, event }) => `${runId} ${event.message}`));
        return found.length;
      };
      const writers = runs.map(async ({ runId }, n) => {
        for (let seq = 1; seq <= 20; seq++) {
          await (n % 2 ? other : storage).events.append(workerBatch(runId, [log(`${seq}`)], seq));
        }
      });
      let writing = true;
      const written = Promise.all(writers).finally(() => {
        writing = false;
      });
      while (writing) await read();
      await written;
      while ((await read()) > 0);
      const expected = runs.flatMap(({ runId }) => Array.from({ length: 20 }, (_, n) => `${runId} ${n + 1}`));
      expect(seen.toSorted()).toEqual(expected.toSorted());
      expect(await storage.events.tail(["RUN_ENQUEUED"], 0, 2)).toHaveLength(2);
      expect(await storage.events.tail([], 0, 2)).toEqual([]);
    });
  });
}
