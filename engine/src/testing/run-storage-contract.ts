import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict, NotFound } from "../errors.ts";
import type { NewRun } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";
import {
  exampleEvent,
  exampleRun,
  materialization,
  planEvent,
  present,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";

const NO_LIMITS = { maxConcurrentRuns: -1, tagLimits: [] };

/** What every RunStorage does. */
export function runStorageContract(subject: StorageSubject): void {
  describe("RunStorage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const submit = async (...runs: Partial<NewRun>[]) => {
      const made = runs.map(exampleRun);
      await storage.runs.submit(made);
      return made.map(({ runId }) => runId);
    };
    const ids = async (...[filter, page]: Parameters<Storage["runs"]["list"]>) =>
      (await storage.runs.list(filter, page)).map(({ runId }) => runId);

    test("a submitted run is read back as it was given, queued, with its event", async () => {
      const run = exampleRun({
        assets: [["raw", "orders"]],
        checks: [{ asset: ["raw", "orders"], name: "fresh" }],
        steps: ["raw__orders"],
        runConfig: { z: 1, a: { "": null, text: "ü \u{1F600}" } },
        tags: { "dagster/priority": "3", team: "sales" },
        partition: { start: "2024-01-01", end: "2024-01-03" },
        known: { outputsFrom: { a: "b" }, mappingKeys: { d: { result: ["x"] } } },
        idempotencyKey: "schedule:examples:nightly:1",
      });
      expect(await storage.runs.submit([run])).toEqual([{ runId: run.runId, created: true }]);
      const stored = await storage.runs.get(run.runId);
      expect(stored).toMatchObject({
        ...run,
        status: "QUEUED",
        priority: 3,
        attempt: 0,
        startedAt: null,
        endedAt: null,
      });
      expect(stored).toMatchObject({ error: null, stepsTotal: 0, stepsDone: 0, plannedAssets: [] });
      expect(stored?.createdAt).toBeGreaterThan(0);
      expect(Object.keys(stored?.runConfig ?? {})).toEqual(["z", "a"]);
      const events = await storage.events.list(run.runId, { limit: 10 });
      expect(events.map(({ event }) => event.type)).toEqual(["RUN_ENQUEUED"]);
    });

    test("a run that does not exist is null, has no steps and cannot be cancelled or deleted", async () => {
      expect(await storage.runs.get("no such run")).toBeNull();
      expect(await storage.runs.steps("no such run")).toEqual([]);
      await expect(storage.runs.cancel("no such run")).rejects.toBeInstanceOf(NotFound);
      await expect(storage.runs.delete("no such run")).rejects.toBeInstanceOf(NotFound);
    });

    test("the same idempotency key gives the first run back, within a batch and later", async () => {
      const [first, twin, other] = [
        exampleRun({ idempotencyKey: "k" }),
        exampleRun({ idempotencyKey: "k" }),
        exampleRun(),
      ];
      expect(await storage.runs.submit([first, twin, other])).toEqual([
        { runId: first.runId, created: true },
        { runId: first.runId, created: false },
        { runId: other.runId, created: true },
      ]);
      expect(await storage.runs.submit([exampleRun({ idempotencyKey: "k" }), other])).toEqual([
        { runId: first.runId, created: false },
        { runId: other.runId, created: false },
      ]);
      expect(await storage.runs.count({})).toBe(2);
    });

    test("submits of one key at once from two processes make one run", async () => {
      const other = await subject.another();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 ? other : storage).runs.submit([
            exampleRun({ idempotencyKey: "race" }),
            exampleRun({ idempotencyKey: `own ${n}` }),
          ]),
        ),
      );
      expect(new Set(answers.map(([run]) => run?.runId)).size).toBe(1);
      expect(answers.filter(([run]) => run?.created)).toHaveLength(1);
      expect(await storage.runs.count({})).toBe(21);
    });

    test("the newest run of each partition of a job", async () => {
      const of = (key: string, over: Partial<NewRun> = {}) =>
        exampleRun({ partition: { key }, tags: { "dagster/partition": key }, ...over });
      const [old, a, b] = [of("a"), of("a"), of("b")];
      await storage.runs.submit([old, a, b, of("c", { job: "other" }), of("d", { location: "elsewhere" })]);
      await storage.runs.submit([exampleRun(), exampleRun({ partition: { start: "a", end: "b" } })]);
      await storage.runs.cancel(b.runId);
      const found = await storage.runs.newestByPartition("examples", "nightly");
      expect([...found.keys()].sort()).toEqual(["a", "b"]);
      expect(found.get("a")).toEqual({ runId: a.runId, status: "QUEUED", startedAt: null, endedAt: null });
      expect(found.get("b")).toMatchObject({ runId: b.runId, status: "CANCELED" });
    });

    test("runs are listed newest first, or oldest first, and go on behind a cursor", async () => {
      const made = await submit({}, {}, {}, {}, {});
      const newest = made.toReversed();
      expect(await ids({}, { limit: 2 })).toEqual(newest.slice(0, 2));
      expect(await ids({}, { limit: 2, cursor: newest[1] })).toEqual(newest.slice(2, 4));
      expect(await ids({}, { limit: 10, cursor: made[0] })).toEqual([]);
      expect(await ids({}, { limit: 2, cursor: made[1], ascending: true })).toEqual(made.slice(2, 4));
      expect(await ids({}, { limit: 2, cursor: randomUUID() })).toEqual([]);
    });

    test("every filter narrows, and all must match", async () => {
      const [a, b, c] = await submit(
        { job: "a", tags: { team: "sales", env: "prod" } },
        { job: "b", location: "other", tags: { team: "ops" } },
        { job: "a", tags: { team: 'it\'s "odd"' } },
      );
      const page = { limit: 10 };
      expect(await ids({ runIds: [present(a), present(c)] }, page)).toEqual([c, a]);
      expect(await ids({ runIds: [] }, page)).toEqual([]);
      expect(await ids({ job: "a" }, page)).toEqual([c, a]);
      expect(await ids({ location: "other" }, page)).toEqual([b]);
      expect(await ids({ tags: [{ key: "team", values: ["sales", "ops"] }] }, page)).toEqual([b, a]);
      expect(await ids({ tags: [{ key: "team", values: ['it\'s "odd"'] }] }, page)).toEqual([c]);
      const both = [
        { key: "team", values: ["sales"] },
        { key: "env", values: ["prod"] },
      ];
      expect(await ids({ tags: both, job: "a" }, page)).toEqual([a]);
      expect(await ids({ tags: both, job: "b" }, page)).toEqual([]);
      await storage.runs.cancel(present(b));
      expect(await ids({ statuses: ["CANCELED"] }, page)).toEqual([b]);
      expect(await storage.runs.count({ statuses: ["QUEUED"] })).toBe(2);
      const at = present(await storage.runs.get(present(a))).createdAt;
      expect(
        await ids({ createdAfter: at - 1, createdBefore: at + 1, job: "a", location: "examples" }, page),
      ).toContain(a);
      expect(await ids({ createdAfter: at + 1e9 }, page)).toEqual([]);
      expect(await ids({ updatedAfter: at + 1e9 }, page)).toEqual([]);
      expect(await ids({ updatedAfter: at - 1 }, page)).toHaveLength(3);
    });

    test("runs are found by an asset that they planned or made", async () => {
      const planned = await startedRun(storage);
      const made = await startedRun(storage);
      await storage.events.append(workerBatch(planned.runId, [planEvent([["raw", "x"]])]));
      await storage.events.append(workerBatch(made.runId, [materialization(["raw", "x"])]));
      expect(await ids({ asset: ["raw", "x"] }, { limit: 10 })).toEqual([made.runId, planned.runId]);
      expect(await ids({ asset: ["raw"] }, { limit: 10 })).toEqual([]);
      expect((await storage.runs.get(planned.runId))?.plannedAssets).toEqual([["raw", "x"]]);
    });

    test("the queue gives runs by priority, then age, up to the limit, and tells and asks for a worker", async () => {
      const [low, high, next, later] = await submit(
        { tags: { "dagster/priority": "-1" } },
        { tags: { "dagster/priority": "5" } },
        {},
        {},
      );
      expect(await storage.runs.dequeue({ maxConcurrentRuns: 0, tagLimits: [] }, 10)).toEqual([]);
      expect(await storage.runs.dequeue({ maxConcurrentRuns: 2, tagLimits: [] }, 10)).toEqual([high, next]);
      expect(await storage.runs.dequeue({ maxConcurrentRuns: 2, tagLimits: [] }, 10)).toEqual([]);
      expect(await storage.runs.dequeue(NO_LIMITS, 1)).toEqual([later]);
      expect(await storage.runs.dequeue(NO_LIMITS, 10)).toEqual([low]);
      expect((await storage.runs.get(present(high)))?.status).toBe("STARTING");
      const events = await storage.events.list(present(high), { limit: 10 });
      expect(events.map(({ event }) => event.type)).toEqual(["RUN_ENQUEUED", "RUN_DEQUEUED", "RUN_STARTING"]);
      const asked = await storage.compute.claim("me", 10, 1000);
      expect(asked.map(({ kind, runId }) => [kind, runId])).toEqual(
        expect.arrayContaining([high, next, later, low].map((runId) => ["launch", runId])),
      );
    });

    test("tag limits hold back only the runs that they name, however many those are", async () => {
      const limited = await submit(...Array.from({ length: 1200 }, () => ({ tags: { db: "one" } })));
      const [free] = await submit({ tags: { db: "two" } });
      const limits = { maxConcurrentRuns: 5, tagLimits: [{ key: "db", value: "one", limit: 1 }] };
      expect(await storage.runs.dequeue(limits, 10)).toEqual([limited[0], free]);
      expect(await storage.runs.dequeue(limits, 10)).toEqual([]);
    });

    test("callers at once take each run once and never exceed the limits", async () => {
      const made = await submit(...Array.from({ length: 40 }, (_, n) => ({ tags: { shard: `${n % 4}` } })));
      const other = await subject.another();
      const limits = { maxConcurrentRuns: 30, tagLimits: [{ key: "shard", perUniqueValue: true, limit: 6 }] };
      const taken = (
        await Promise.all(
          Array.from({ length: 12 }, (_, n) => (n % 2 ? other : storage).runs.dequeue(limits, 5)),
        )
      ).flat();
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken).toHaveLength(24);
      expect(made).toEqual(expect.arrayContaining(taken));
      expect(await storage.runs.count({ statuses: ["STARTING"] })).toBe(24);
    });

    test("cancelling a queued run ends it at once", async () => {
      const [runId] = await submit({});
      expect(await storage.runs.cancel(present(runId), { reason: "not today" })).toBe("CANCELED");
      expect(await storage.runs.dequeue(NO_LIMITS, 10)).toEqual([]);
      expect((await storage.runs.get(present(runId)))?.endedAt).not.toBeNull();
      const last = (await storage.events.list(present(runId), { limit: 10 })).at(-1);
      expect(last?.event).toMatchObject({ type: "RUN_CANCELED", message: "not today" });
      expect(await storage.runs.cancel(present(runId))).toBe("CANCELED");
    });

    test("cancelling a started run asks its backend once; force ends it", async () => {
      const { runId } = await startedRun(storage);
      expect(await storage.runs.cancel(runId)).toBe("CANCELING");
      expect(await storage.runs.cancel(runId)).toBe("CANCELING");
      expect((await storage.compute.claim("me", 10, 60_000)).map(({ kind }) => kind)).toEqual(["cancel"]);
      expect(await storage.runs.cancel(runId, { force: true })).toBe("CANCELED");
      expect((await storage.runs.get(runId))?.status).toBe("CANCELED");
    });

    test("a run that has ended can be deleted with its events, and its assets' history stays", async () => {
      const { runId } = await startedRun(storage);
      await storage.events.append(
        workerBatch(runId, [
          exampleEvent("STEP_START", { stepKey: "x" }),
          materialization(["x"], { metadata: { rows: { type: "int", value: 7 } } }),
        ]),
      );
      await expect(storage.runs.delete(runId)).rejects.toBeInstanceOf(Conflict);
      await storage.events.append(workerBatch(runId, [exampleEvent("RUN_SUCCESS", {})], 3));
      await storage.runs.delete(runId);
      expect(await storage.runs.get(runId)).toBeNull();
      expect(await storage.events.list(runId, { limit: 10 })).toEqual([]);
      const [made] = await storage.assets.history(["x"], { limit: 10 });
      expect(made).toMatchObject({ runId, event: { metadata: { rows: { type: "int", value: 7 } } } });
      expect((await storage.assets.states([["x"]]))[0]?.lastMaterialization).toEqual(made);
    });

    test("tag keys and the values of a key are listed once each", async () => {
      await submit(
        { tags: { team: "sales", env: "a_1" } },
        { tags: { team: "ops", env: "a%2" } },
        { tags: { team: "ops" } },
      );
      expect(await storage.runs.tagKeys()).toEqual(["env", "team"]);
      expect(await storage.runs.tagValues("team", "", 10)).toEqual(["ops", "sales"]);
      expect(await storage.runs.tagValues("team", "", 1)).toEqual(["ops"]);
      expect(await storage.runs.tagValues("team", "s", 10)).toEqual(["sales"]);
      expect(await storage.runs.tagValues("env", "a%", 10)).toEqual(["a%2"]);
      expect(await storage.runs.tagValues("none", "", 10)).toEqual([]);
    });
  });
}
