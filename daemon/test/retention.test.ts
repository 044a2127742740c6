import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ComputeLog,
  DEFAULT_RETENTION,
  type RetentionSettings,
  type Storage,
} from "@dagster-operator/engine";
import {
  exampleBackfill,
  exampleEvent,
  exampleRun,
  ManualClock,
  MemoryWorkspace,
  materialization,
  present,
  startedRun,
  workerBatch,
} from "@dagster-operator/engine/testing";
import { FileComputeLog, openStorageWithLogs } from "@dagster-operator/storage";
import { openMemoryStorage, withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { startDaemon } from "../src/index.ts";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const DAY = 86_400_000;
/** More than one batch of the loop takes. */
const MANY = 230;
const SETTINGS: RetentionSettings = {
  ...DEFAULT_RETENTION,
  runs: { SUCCESS: 30, FAILURE: 90, CANCELED: null },
  runsWithTag: [
    { key: "keep", days: null },
    { key: "kind", value: "scratch", days: 2 },
  ],
  backfills: { SUCCESS: 30, FAILURE: 90, CANCELED: null },
  events: 20,
  computeLogs: 10,
  assetEvents: 15,
  ticks: {
    ...DEFAULT_RETENTION.ticks,
    SENSOR: { SUCCESS: null, SKIPPED: 7, FAILURE: 14 },
  },
};

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const databases: Record<string, () => Promise<{ storage: Storage; computeLog: ComputeLog }>> = {
  PGlite: async () => {
    const folder = await mkdtemp(join(tmpdir(), "retention-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    return { storage: await openMemoryStorage({ now: () => NOW }), computeLog: new FileComputeLog(folder) };
  },
  Postgres: async () => {
    const { url, drop } = await withPostgres();
    cleanups.push(drop);
    return openStorageWithLogs({ url }, { now: () => NOW });
  },
};

describe.each(Object.entries(databases))("%s", (_name, open) => {
  test("a round forgets by age, status and tag, in small batches while others work, and nothing of a run under way", async () => {
    const { storage, computeLog } = await open();
    cleanups.push(() => storage.close());
    const at = (days: number) => NOW - days * DAY;
    const text = new TextEncoder().encode("line\n");
    const log = (runId: string) => ({ runId, logKey: "a", stream: "out" as const });
    const started = async (days: number, tags: Record<string, string> = {}) => {
      const { runId } = await startedRun(storage, { tags });
      await storage.events.append(workerBatch(runId, [materialization(["a"], { ts: at(days) })]));
      await computeLog.append(log(runId), 0, text);
      return runId;
    };
    const ended = async (days: number, how: "SUCCESS" | "FAILURE" | "CANCELED", tags = {}) => {
      const runId = await started(days, tags);
      await storage.events.report(runId, [exampleEvent(`RUN_${how}`, { ts: at(days) })]);
      return runId;
    };
    const runs = {
      good: await ended(31, "SUCCESS"),
      goodYoung: await ended(29, "SUCCESS"),
      goodKept: await ended(400, "SUCCESS", { keep: "audit" }),
      bad: await ended(91, "FAILURE"),
      badYoung: await ended(89, "FAILURE"),
      canceled: await ended(400, "CANCELED"),
      scratch: await ended(3, "FAILURE", { kind: "scratch" }),
      scratchKept: await ended(3, "FAILURE", { kind: "scratch", keep: "yes" }),
      otherKind: await ended(3, "FAILURE", { kind: "other" }),
      new: await ended(1, "SUCCESS"),
      going: await started(400, { kind: "scratch" }),
    };
    const many = Array.from({ length: MANY }, () => exampleRun());
    await storage.runs.submit(many);
    for (const { runId } of many)
      await storage.events.report(runId, [exampleEvent("RUN_FAILURE", { ts: at(100) })]);
    // With the clock of NOW: they end today, and are forgotten in the second round.
    const backfill = async (tags: Record<string, string> = {}) => {
      const { backfillId } = await storage.backfills.submit(exampleBackfill());
      await storage.backfills.claim("me", 10, 60_000);
      const status = "COMPLETED_SUCCESS" as const;
      await storage.backfills.save(backfillId, "me", { states: ["DD", "D"], status }, 0);
      if (Object.keys(tags).length > 0)
        await ended(0, "CANCELED", { ...tags, "dagster/backfill": backfillId });
      return backfillId;
    };
    const backfills = { alone: await backfill(), withRun: await backfill({ keep: "yes" }) };
    const waiting = exampleRun({ tags: { kind: "scratch" } });
    await storage.runs.submit([waiting]);
    const sensor = { kind: "SENSOR", location: "examples", name: "files" } as const;
    for (const [days, status] of [
      ...[20, 15, 3].map((age) => [age, "FAILURE"] as const),
      ...[9, 8, 6].map((age) => [age, "SKIPPED"] as const),
      [400, "SUCCESS"] as const,
    ]) {
      const tick = present(await storage.ticks.begin(sensor, at(days), "me", 1000, at(days)));
      await storage.ticks.finish(tick.id, "me", { status, runIds: [], logs: [] }, at(days));
    }

    /** How many each batch was of; others get through after each of them. */
    const batches: number[] = [];
    const watched: Storage = {
      ...storage,
      retention: {
        ...storage.retention,
        deleteRuns: async (runIds) => {
          const count = await storage.retention.deleteRuns(runIds);
          if (count > 0) batches.push(count);
          await started(0);
          return count;
        },
      },
    };
    const clock = new ManualClock(NOW);
    const daemon = startDaemon({
      storage: watched,
      workspace: new MemoryWorkspace(),
      ...{ computeLog, clock, metrics: new Registry(), log: pino({ level: "silent" }) },
      config: { retention: SETTINGS },
      loops: ["retention"],
    });
    cleanups.push(() => daemon.close());
    const roundAt = async (time: number) => {
      while ((daemon.health()[0]?.lastIterationAt ?? 0) < time) await sleep(20);
    };
    const left = async () => {
      const found: string[] = [];
      for (const [name, runId] of Object.entries(runs)) if (await storage.runs.get(runId)) found.push(name);
      return found;
    };
    const withEvents = async () => {
      const found: string[] = [];
      for (const [name, runId] of Object.entries(runs))
        if ((await storage.events.list(runId, { limit: 1 })).length > 0) found.push(name);
      return found;
    };
    const withLogs = async () => {
      const found: string[] = [];
      for (const [name, runId] of Object.entries(runs))
        if ((await computeLog.read(log(runId), 0, 100)).size > 0) found.push(name);
      return found;
    };
    const ticks = async () =>
      (await storage.ticks.ticks(sensor, { limit: 100 })).map(
        (tick) => `${tick.status} ${(NOW - (tick.endedAt ?? 0)) / DAY}`,
      );

    await roundAt(NOW);
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(MANY + 3);
    expect(Math.max(...batches)).toBeLessThanOrEqual(200);
    expect(await left()).toEqual([
      ...["goodYoung", "goodKept", "badYoung", "canceled", "scratchKept", "otherKind", "new", "going"],
    ]);
    expect(await withEvents()).toEqual(["scratchKept", "otherKind", "new", "going"]);
    expect(await withLogs()).toEqual(["scratchKept", "otherKind", "new", "going"]);
    expect(new Set(await ticks())).toEqual(new Set(["SUCCESS 400", "FAILURE 3", "SKIPPED 6"]));
    expect(await storage.backfills.count({})).toBe(2);
    expect(await storage.runs.get(waiting.runId)).not.toBeNull();
    expect(await storage.runs.get(runs.going)).toMatchObject({
      status: "STARTED",
      tags: { kind: "scratch" },
    });
    const [asset] = await storage.assets.states([["a"]]);
    expect(present(asset).lastMaterialization).not.toBeNull();

    // Ten days on, and no sooner than an hour after the other.
    clock.advance(10 * DAY);
    await roundAt(NOW + 10 * DAY);
    expect(await left()).toEqual(["goodKept", "canceled", "scratchKept", "otherKind", "new", "going"]);
    expect(await withEvents()).toEqual(["scratchKept", "otherKind", "new", "going"]);
    expect(await withLogs()).toEqual(["going"]);
    expect(new Set(await ticks())).toEqual(new Set(["SUCCESS 400", "FAILURE 3"]));
    expect(await storage.backfills.count({})).toBe(2);

    clock.advance(21 * DAY);
    await roundAt(NOW + 31 * DAY);
    const kept = await storage.backfills.list({}, { limit: 10 });
    expect(kept.map(({ backfillId }) => backfillId)).toEqual([backfills.withRun]);
    expect(daemon.health()).toMatchObject([{ name: "retention", error: null }]);
  });
});
