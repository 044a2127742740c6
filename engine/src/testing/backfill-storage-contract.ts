import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict, NotFound } from "../errors.ts";
import type { NewBackfill } from "../ports/backfill-storage.ts";
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

let made = 0;
/** A backfill of two partitions of one asset and of an asset without partitions. */
export function exampleBackfill(over: Partial<NewBackfill> = {}): NewBackfill {
  return {
    backfillId: `example${made++}`,
    location: "examples",
    job: null,
    targets: [
      { location: "examples", asset: ["orders"], partitions: ["2024-01-01", "2024-01-02"] },
      { location: "examples", asset: ["report"], partitions: null },
    ],
    fromFailure: false,
    steps: null,
    runConfig: { ops: { orders: { config: { b: 1, a: 2 } } } },
    tags: { team: "red" },
    title: "January",
    description: null,
    parentId: null,
    idempotencyKey: null,
    ...over,
  };
}

const LEASE = 60_000;

/** What every BackfillStorage does. */
export function backfillStorageContract(subject: StorageSubject): void {
  describe("BackfillStorage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const submitted = async (over: Partial<NewBackfill> = {}) =>
      (await storage.backfills.submit(exampleBackfill(over))).backfillId;
    const claimed = async (owner = "a") =>
      (await storage.backfills.claim(owner, 10, LEASE)).map(({ backfillId }) => backfillId);
    const ofBackfill = (backfillId: string, key: string): Partial<NewRun> => ({
      assets: [["orders"]],
      partition: { key },
      tags: { "dagster/backfill": backfillId, "dagster/partition": key },
    });

    test("what is submitted is read back, with every partition waiting", async () => {
      const backfill = exampleBackfill();
      expect(await storage.backfills.submit(backfill)).toEqual({
        backfillId: backfill.backfillId,
        created: true,
      });
      const detail = present(await storage.backfills.get(backfill.backfillId));
      expect(detail).toMatchObject({
        ...backfill,
        status: "REQUESTED",
        paused: false,
        assets: [["orders"], ["report"]],
        states: ["WW", "W"],
        numPartitions: 2,
        counts: { waiting: 3, requested: 0, done: 0, failed: 0, skipped: 0, canceled: 0 },
        endedAt: null,
        error: null,
      });
      expect(
        Object.keys(present(detail.runConfig.ops as Record<string, { config: object }>).orders?.config ?? {}),
      ).toEqual(["b", "a"]);
      expect(await storage.backfills.get("nobody")).toBeNull();
      const job = await submitted({
        job: "nightly",
        targets: [{ location: "examples", asset: null, partitions: ["x"] }],
      });
      expect(await storage.backfills.get(job)).toMatchObject({
        job: "nightly",
        assets: [],
        numPartitions: 1,
      });
    });

    test("an idempotency key makes one backfill, however many processes submit it at once", async () => {
      const other = await subject.another();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 ? other : storage).backfills.submit(exampleBackfill({ idempotencyKey: "cr:1" })),
        ),
      );
      expect(new Set(answers.map(({ backfillId }) => backfillId)).size).toBe(1);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(await storage.backfills.count({})).toBe(1);
    });

    test("lists are newest first, by filter and page, and hold no partitions", async () => {
      const first = await submitted({ location: "one" });
      const second = await submitted({
        job: "nightly",
        targets: [{ location: "examples", asset: null, partitions: ["a", "b"] }],
      });
      const third = await submitted({
        targets: [
          { location: "examples", asset: ["orders"], partitions: ["a"] },
          { location: "examples", asset: ["weeks"], partitions: ["a", "b"] },
        ],
      });
      const ids = async (...[filter, page]: Parameters<Storage["backfills"]["list"]>) =>
        (await storage.backfills.list(filter, page)).map(({ backfillId }) => backfillId);
      expect(await ids({}, { limit: 10 })).toEqual([third, second, first]);
      expect(await ids({}, { limit: 1, cursor: third })).toEqual([second]);
      expect(await ids({ job: "nightly" }, { limit: 10 })).toEqual([second]);
      expect(await ids({ location: "one" }, { limit: 10 })).toEqual([first]);
      expect(await ids({ asset: ["orders"] }, { limit: 10 })).toEqual([third, first]);
      expect(await ids({ backfillIds: [first] }, { limit: 10 })).toEqual([first]);
      expect(await ids({ statuses: ["CANCELED"] }, { limit: 10 })).toEqual([]);
      expect(await storage.backfills.count({ statuses: ["REQUESTED"] })).toBe(3);
      const [record] = await storage.backfills.list({}, { limit: 1 });
      expect(record).toMatchObject({ numPartitions: null, counts: { waiting: 3 } });
      expect(record).not.toHaveProperty("targets");
    });

    test("one owner at a time decides, and what it saves is seen", async () => {
      const id = await submitted();
      expect(await claimed()).toEqual([id]);
      expect(await claimed("b")).toEqual([]);
      expect(await storage.backfills.renew(id, "a", LEASE)).toBe(true);
      expect(await storage.backfills.renew(id, "b", LEASE)).toBe(false);
      expect(
        await storage.backfills.save(id, "b", { states: ["DD", "D"], status: "COMPLETED_SUCCESS" }, 0),
      ).toBe(false);
      expect(await storage.backfills.save(id, "a", { states: ["RD", "W"], status: "REQUESTED" }, 0)).toBe(
        true,
      );
      expect(await storage.backfills.get(id)).toMatchObject({
        states: ["RD", "W"],
        counts: { waiting: 1, requested: 1, done: 1 },
      });
      expect(await claimed("b")).toEqual([id]);
      const error = { name: "InvalidInput", message: "no such partition" };
      expect(await storage.backfills.save(id, "b", { states: ["FD", "S"], status: "FAILED", error }, 0)).toBe(
        true,
      );
      const ended = present(await storage.backfills.get(id));
      expect(ended).toMatchObject({ status: "FAILED", error, counts: { failed: 1, skipped: 1, done: 1 } });
      expect(ended.endedAt).not.toBeNull();
      expect(await claimed()).toEqual([]);
      expect(await storage.backfills.resume(id)).toBe("REQUESTED");
      expect(await storage.backfills.get(id)).toMatchObject({ endedAt: null, error: null });
      expect(await claimed()).toEqual([id]);
    });

    test("one that was looked at is left alone for the delay, and a lease that runs out is taken over", async () => {
      const id = await submitted();
      await claimed();
      await storage.backfills.save(id, "a", { states: ["RR", "W"], status: "REQUESTED" }, LEASE);
      expect(await claimed()).toEqual([]);
      const late = await submitted();
      await storage.backfills.claim("a", 10, 0);
      expect(await claimed("b")).toEqual([late]);
      expect(await storage.backfills.renew(late, "a", LEASE)).toBe(false);
    });

    test("a cancel wakes a daemon at once and is not undone by a decision that was under way", async () => {
      const id = await submitted();
      await claimed();
      expect(await storage.backfills.cancel(id)).toBe("CANCELING");
      expect(
        await storage.backfills.save(id, "a", { states: ["DD", "D"], status: "COMPLETED_SUCCESS" }, LEASE),
      ).toBe(true);
      expect(await storage.backfills.get(id)).toMatchObject({
        status: "CANCELING",
        states: ["DD", "D"],
        endedAt: null,
      });
      expect(await claimed("b")).toEqual([id]);
      await storage.backfills.save(id, "b", { states: ["CC", "C"], status: "CANCELED" }, 0);
      expect(await storage.backfills.get(id)).toMatchObject({ status: "CANCELED", counts: { canceled: 3 } });
      expect(await storage.backfills.cancel(id)).toBe("CANCELED");
      expect(await storage.backfills.resume(id)).toBe("CANCELED");
      await expect(storage.backfills.cancel("nobody")).rejects.toThrow(NotFound);
      await expect(storage.backfills.resume("nobody")).rejects.toThrow(NotFound);
    });

    test("a paused one is not claimed until it goes on, but canceled all the same", async () => {
      const id = await submitted();
      await storage.backfills.setPaused(id, true);
      expect(await claimed()).toEqual([]);
      expect(await storage.backfills.get(id)).toMatchObject({ status: "REQUESTED", paused: true });
      await storage.backfills.setPaused(id, false);
      expect(await claimed()).toEqual([id]);
      await storage.backfills.setPaused(id, true);
      await storage.backfills.save(id, "a", { states: ["WW", "W"], status: "REQUESTED" }, 0);
      await storage.backfills.cancel(id);
      expect(await claimed()).toEqual([id]);
      await storage.backfills.save(id, "a", { states: ["CC", "C"], status: "CANCELED" }, 0);
      await expect(storage.backfills.setPaused(id, true)).rejects.toThrow(Conflict);
      await expect(storage.backfills.setPaused("nobody", true)).rejects.toThrow(NotFound);
    });

    test("its runs tell what became of their partitions", async () => {
      const id = await submitted();
      const queued = exampleRun({
        ...ofBackfill(id, "2024-01-01"),
        tags: { "dagster/backfill": id, "dagster/will_retry": "true" },
      });
      const of = async (key: string, end: "RUN_SUCCESS" | "RUN_FAILURE", ...assets: string[]) => {
        const { runId } = await startedRun(storage, ofBackfill(id, key));
        const events = [
          planEvent([["orders"], ["report"]], key),
          ...assets.map((asset) => materialization([asset], { partition: key })),
        ];
        await storage.events.append(workerBatch(runId, [...events, exampleEvent(end, {})]));
        return runId;
      };
      const good = await of("2024-01-02", "RUN_SUCCESS", "orders");
      const bad = await of("2024-01-03", "RUN_FAILURE", "orders");
      await storage.runs.submit([queued, exampleRun()]);
      expect(await storage.backfills.runs(id)).toEqual([
        {
          runId: good,
          location: "examples",
          status: "SUCCESS",
          willRetry: false,
          assets: [["orders"]],
          partition: { key: "2024-01-02" },
          exceptions: [{ asset: ["report"], partition: "2024-01-02" }],
        },
        expect.objectContaining({
          runId: bad,
          status: "FAILURE",
          exceptions: [{ asset: ["orders"], partition: "2024-01-03" }],
        }),
        expect.objectContaining({ runId: queued.runId, status: "QUEUED", willRetry: true, exceptions: [] }),
      ]);
    });

    test("a failed run may be retried until the loop of retries has decided", async () => {
      const id = await submitted();
      const willRetry = async () => (await storage.backfills.runs(id)).map((run) => run.willRetry);
      const failed = async (key: string) => {
        const { runId } = await startedRun(storage, ofBackfill(id, key));
        await storage.events.report(runId, [exampleEvent("RUN_FAILURE", {})]);
      };
      await failed("2024-01-01");
      expect(await willRetry()).toEqual([false]);
      // From its first look on it knows of every failure.
      await storage.notices.collect("retry", ["RUN_FAILURE"], [""], 10);
      await failed("2024-01-02");
      expect(await willRetry()).toEqual([false, true]);
      await storage.notices.collect("retry", ["RUN_FAILURE"], [""], 10);
      const [notice] = await storage.notices.claim("retry", "me", 10, 60_000);
      expect(await willRetry()).toEqual([false, true]);
      await storage.notices.end(present(notice).id);
      expect(await willRetry()).toEqual([false, false]);
    });

    test("its queued runs are canceled together, others are left alone", async () => {
      const id = await submitted();
      const { runId: running } = await startedRun(storage, ofBackfill(id, "2024-01-01"));
      const mine = ["2024-01-02", "2024-01-03"].map((key) => exampleRun(ofBackfill(id, key)));
      const other = exampleRun();
      await storage.runs.submit([...mine, other]);
      expect(await storage.backfills.cancelQueuedRuns(id, "The backfill was canceled.")).toBe(2);
      expect(await storage.backfills.cancelQueuedRuns(id, "The backfill was canceled.")).toBe(0);
      const status = async (runId: string) => present(await storage.runs.get(runId));
      for (const { runId } of mine)
        expect(await status(runId)).toMatchObject({ status: "CANCELED", endedAt: expect.any(Number) });
      expect((await status(other.runId)).status).toBe("QUEUED");
      expect((await status(running)).status).toBe("STARTED");
      const events = await storage.events.list(present(mine[0]).runId, { limit: 10 });
      expect(events.map(({ event }) => event.type)).toEqual(["RUN_ENQUEUED", "RUN_CANCELED"]);
    });
  });
}
