import { beforeEach, describe, expect, test } from "@jest/globals";
import type { BackfillStatus, NewBackfill } from "../ports/backfill-storage.ts";
import type { Storage } from "../ports/storage.ts";
import { exampleBackfill } from "./backfill-storage-contract.ts";
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

/** What every Retention does. */
export function retentionContract(subject: StorageSubject): void {
  describe("Retention", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const ended = async (
      at: number,
      over: Parameters<typeof exampleRun>[0] = {},
      type: "RUN_SUCCESS" | "RUN_FAILURE" = "RUN_SUCCESS",
    ) => {
      const { runId } = await startedRun(storage, over);
      await storage.events.append(
        workerBatch(runId, [planEvent([["a"]]), materialization(["a"], { ts: at })]),
      );
      await storage.events.report(runId, [exampleEvent(type, { ts: at })]);
      return runId;
    };
    const all = { statuses: ["SUCCESS", "FAILURE", "CANCELED"], before: 500, without: [] } as const;

    test("runs are found by their end, status and tag, and never before they have ended", async () => {
      const old = await ended(100);
      const kept = await ended(200, { tags: { keep: "yes" } });
      const failed = await ended(300, {}, "RUN_FAILURE");
      await ended(1000);
      await startedRun(storage);
      const find = (over: object) => storage.retention.endedRuns({ ...all, ...over }, 10);
      expect(await find({})).toEqual([old, kept, failed]);
      expect(await find({ statuses: ["FAILURE"] })).toEqual([failed]);
      expect(await find({ tag: { key: "keep" } })).toEqual([kept]);
      expect(await find({ tag: { key: "keep", value: "no" } })).toEqual([]);
      expect(await find({ without: [{ key: "keep", value: "yes" }] })).toEqual([old, failed]);
      expect(await storage.retention.endedRuns(all, 1)).toEqual([old]);
    });

    test("a run that is removed leaves its assets as they are, and its sensor's run key spent", async () => {
      const key = "sensor:here:files:a.csv";
      const run = await ended(100, { idempotencyKey: key });
      const going = await startedRun(storage);
      const before = await storage.assets.states([["a"]]);
      expect(await storage.retention.deleteRuns([run, going.runId])).toBe(1);
      expect(await storage.runs.get(run)).toBeNull();
      expect(await storage.events.list(run, { limit: 10 })).toEqual([]);
      expect(await storage.runs.get(going.runId)).not.toBeNull();
      const after = await storage.assets.states([["a"]]);
      expect(present(before[0]).lastMaterialization).not.toBeNull();
      expect(after[0]?.lastMaterialization).toEqual(before[0]?.lastMaterialization);
      const [again] = await storage.runs.submit([exampleRun({ idempotencyKey: key })]);
      expect(again?.created).toBe(false);
      const [other] = await storage.runs.submit([exampleRun({ idempotencyKey: "sensor:here:files:b.csv" })]);
      expect(other?.created).toBe(true);
    });

    test("a key that only one tick of a sensor asks for is not kept when its run is removed", async () => {
      const tags = { "dagster/tick": "7" };
      const own = "sensor:here:files#7.0";
      const named = "sensor:here:files:a#7.0";
      const runs = [
        await ended(100, { tags, idempotencyKey: own }),
        await ended(100, { tags: { ...tags, "dagster/run_key": "a#7.0" }, idempotencyKey: named }),
      ];
      expect(await storage.retention.deleteRuns(runs)).toBe(2);
      const again = [own, named].map((idempotencyKey) => exampleRun({ idempotencyKey }));
      expect((await storage.runs.submit(again)).map(({ created }) => created)).toEqual([true, false]);
    });

    test("a backfill goes by its end and age when none of its runs is left, and its key stays spent", async () => {
      const { backfills, retention } = storage;
      const over = async (backfill: Partial<NewBackfill>, status: BackfillStatus) => {
        const { backfillId } = await backfills.submit(exampleBackfill(backfill));
        await backfills.claim("me", 10, 60_000);
        if (status !== "REQUESTED")
          await backfills.save(backfillId, "me", { states: ["DD", "D"], status }, 0);
        return backfillId;
      };
      const idempotencyKey = "manifest:Backfill:default/january:1";
      const done = await over({ idempotencyKey }, "COMPLETED_SUCCESS");
      const withRun = await over({}, "COMPLETED_SUCCESS");
      const failed = await over({}, "FAILED");
      await over({}, "CANCELED");
      await over({}, "REQUESTED");
      const run = await ended(100, { tags: { "dagster/backfill": withRun } });
      const left = async () => (await backfills.list({}, { limit: 10 })).map(({ backfillId }) => backfillId);
      const now = present(await backfills.get(done)).endedAt ?? 0;
      expect(await retention.purgeBackfills("SUCCESS", now, 10)).toBe(0);
      expect(await retention.purgeBackfills("SUCCESS", now + 60_000, 10)).toBe(1);
      expect(await left()).not.toContain(done);
      expect(await left()).toContain(withRun);
      expect(await backfills.submit(exampleBackfill({ idempotencyKey }))).toMatchObject({ created: false });
      await retention.deleteRuns([run]);
      expect(await retention.purgeBackfills("SUCCESS", now + 60_000, 10)).toBe(1);
      expect(await retention.purgeBackfills("FAILURE", now + 60_000, 10)).toBe(1);
      expect(await left()).toHaveLength(2);
      expect(await left()).not.toContain(failed);
      expect(await retention.purgeBackfills("CANCELED", now + 60_000, 0)).toBe(0);
    });

    test("the key of a manifest stays spent when its run is removed", async () => {
      const idempotencyKey = "manifest:Run:default/once:1";
      await storage.retention.deleteRuns([await ended(100, { idempotencyKey })]);
      const [again] = await storage.runs.submit([exampleRun({ idempotencyKey })]);
      expect(again?.created).toBe(false);
    });

    test("events go and the run stays; logs are asked for once", async () => {
      const run = await ended(100);
      const young = await ended(1000);
      expect(await storage.retention.purgeEvents(500, 10)).toBe(1);
      expect(await storage.retention.purgeEvents(500, 10)).toBe(0);
      expect(await storage.events.list(run, { limit: 10 })).toEqual([]);
      expect((await storage.events.list(young, { limit: 10 })).length).toBeGreaterThan(0);
      expect((await storage.runs.get(run))?.status).toBe("SUCCESS");
      expect(await storage.retention.runsWithLogs(500, 10)).toEqual([run]);
      await storage.retention.logsPurged([run]);
      expect(await storage.retention.runsWithLogs(500, 10)).toEqual([]);
    });

    test("ticks go by kind, status and age", async () => {
      const id = { kind: "SENSOR", location: "here", name: "files" } as const;
      for (const [at, status] of [
        [100, "SKIPPED"],
        [200, "SUCCESS"],
        [1000, "SKIPPED"],
      ] as const) {
        const tick = present(await storage.ticks.begin(id, at, "me", 1000, at));
        await storage.ticks.finish(tick.id, "me", { status, runIds: [], logs: [] }, at);
      }
      expect(await storage.retention.purgeTicks("SCHEDULE", "SKIPPED", 500, 10)).toBe(0);
      expect(await storage.retention.purgeTicks("SENSOR", "SKIPPED", 500, 10)).toBe(1);
      const left = await storage.ticks.ticks(id, { limit: 10 });
      expect(left.map(({ at }) => at)).toEqual([1000, 200]);
    });

    test("of asset history what is old goes, except the newest of each asset and partition", async () => {
      const { runId } = await startedRun(storage);
      const of = (partition: string, ts: number) => materialization(["p"], { partition, ts });
      await storage.events.append(
        workerBatch(runId, [
          materialization(["a"], { ts: 1 }),
          materialization(["a"], { ts: 2 }),
          of("x", 3),
          of("x", 4),
          of("y", 5),
          of("z", 1000),
        ]),
      );
      for (let after: number | null = 0; after !== null; )
        after = await storage.retention.purgeAssetEvents(500, after, 2);
      const times = async (key: string[]) =>
        (await storage.assets.history(key, { kind: "materialization", limit: 10 })).map(
          ({ event }) => event.ts,
        );
      expect(await times(["a"])).toEqual([2]);
      expect(await times(["p"])).toEqual([1000, 5, 4]);
    });

    test("notices go when they have ended, or when nobody works on them", async () => {
      const { notices, retention } = storage;
      await notices.collect("retry", ["RUN_FAILURE"], [""], 10);
      for (let n = 0; n < 3; n++) await ended(100, {}, "RUN_FAILURE");
      await notices.collect("retry", ["RUN_FAILURE"], [""], 10);
      const [first] = await notices.claim("retry", "me", 1, 60_000);
      await notices.end(present(first).id);
      expect(await retention.purgeNotices(1000, 10)).toBe(0);
      expect(await retention.purgeNotices(Date.now() + 1000, 10)).toBe(3);
      expect(await notices.list("retry", 10)).toEqual([]);
    });

    test("the room of what is gone is used again", async () => {
      await ended(100);
      await storage.retention.deleteRuns(await storage.retention.endedRuns(all, 10));
      await expect(storage.retention.vacuum()).resolves.toBeUndefined();
    });
  });
}
