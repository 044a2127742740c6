import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { TableWorkspace } from "@dagster-operator/codeserver/client";
import {
  type BackfillDetail,
  NotFound,
  type RunRecord,
  type Storage,
  submitBackfill,
  systemClock,
  Unavailable,
} from "@dagster-operator/engine";
import { exampleLocation } from "@dagster-operator/engine/testing";
import { openStorage } from "@dagster-operator/storage";
import { startPostgres, withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, jest, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { Project } from "../../codeserver/test/project.ts";
import { type Started, startCodeServer } from "../../codeserver/test/started.ts";
import { type DaemonOptions, startDaemon } from "../src/index.ts";
import { standInWorker } from "./stand-in-worker.ts";

// Hundreds of runs, each on disk before it goes on: minutes on a machine that is busy with other things.
jest.setTimeout(600_000);

/** Hours, and days that need theirs: a backfill of both has something to ask for until its end. */
const code = (more: string) => `
import { asset, dailyPartitions, Definitions, hourlyPartitions } from "@dagster-operator/sdk";
const readings = asset("readings", { partitions: hourlyPartitions({ start: "2026-01-01-00:00" }) }, () => 1);
const daily = asset("daily", { partitions: dailyPartitions({ start: "2026-01-01" }), deps: [readings] }, () => 2);
export default new Definitions({ assets: [readings, daily${more}] });
`;

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A code location as a cluster has it: a row, and a code server of its own. */
async function serve(storage: Storage, generation: number, more = ""): Promise<Started> {
  const project = new Project({ "definitions.ts": code(more) });
  cleanups.push(() => project.remove());
  const server = await startCodeServer(project.folder, ["--file", "definitions.ts"]);
  cleanups.push(() => server.close());
  const { hash } = await server.code.definitions();
  const endpoint = server.ready.address as { host: string; port: number };
  const row = exampleLocation({ name: "plant", generation, endpoint, image: `plant:${generation}` });
  await storage.locations.put({ ...row, definitionsHash: hash }, Date.now());
  return server;
}

/** As many daemons as there are storages, and the workspace of the first. */
async function daemons(storages: Storage[], loops: DaemonOptions["loops"]): Promise<TableWorkspace> {
  const workspaces: TableWorkspace[] = [];
  for (const storage of storages) {
    const workspace = new TableWorkspace({ storage, intervalMs: 200 });
    cleanups.push(() => workspace.close());
    await workspace.ready;
    workspaces.push(workspace);
    const daemon = startDaemon({
      ...{ storage, workspace, clock: systemClock, loops, metrics: new Registry() },
      log: pino({ level: "silent" }),
      config: { queue: { maxConcurrentRuns: 25, tagLimits: [] } },
    });
    cleanups.push(() => daemon.close());
  }
  const [first] = workspaces;
  if (!first) throw new Error("there is no daemon");
  return first;
}

const DAY = 24;
const request = async (storage: Storage, workspace: TableWorkspace, days: number, tags = {}) => {
  const until = new Date(Date.UTC(2026, 0, 1, days * DAY - 1)).toISOString();
  const range = { start: "2026-01-01-00:00", end: until.slice(0, 16).replace("T", "-") };
  const deps = { storage, workspace, now: Date.now, newId: randomUUID };
  const assets = [["readings"], ["daily"]];
  return (await submitBackfill(deps, { assets, partitions: { range }, tags })).backfillId;
};

/** Looks until it is so, for as long as the test may take; the database may be away meanwhile. */
async function until<T>(read: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const value = await read().catch((error: unknown) => {
      if (error instanceof Unavailable) return null;
      throw error;
    });
    if (value !== null) return value;
    await sleep(50);
  }
}
const seen = (storage: Storage, backfillId: string, when: (backfill: BackfillDetail) => boolean) =>
  until(async () => {
    const backfill = await storage.backfills.get(backfillId);
    if (!backfill) throw new NotFound("backfill", backfillId);
    return when(backfill) ? backfill : null;
  });
const ended = (storage: Storage, backfillId: string) =>
  seen(storage, backfillId, ({ endedAt }) => endedAt !== null);

const runsOf = (storage: Storage, backfillId: string) =>
  storage.runs.list({ tags: [{ key: "dagster/backfill", values: [backfillId] }] }, { limit: 10_000 });
const partitionOf = ({ assets, partition }: RunRecord) =>
  `${assets?.join("+")} ${partition && "key" in partition ? partition.key : "?"}`;
/** How many runs each partition has had: how many partitions have so many. */
function timesAsked(runs: RunRecord[]): Record<number, number> {
  const times = Map.groupBy(runs, partitionOf);
  const counts = Map.groupBy(times.values(), ({ length }) => length);
  return Object.fromEntries([...counts].map(([length, all]) => [length, all.length]));
}

test("Postgres crashes three times in the middle of a backfill: it goes on, and asks for each partition once", async () => {
  const server = await startPostgres({ durable: true });
  cleanups.push(() => server.remove());
  const storages = [];
  for (let n = 0; n < 3; n++) {
    const storage = await openStorage(server.url("postgres"));
    cleanups.push(() => storage.close());
    storages.push(storage);
  }
  const [storage, ...others] = storages;
  if (!storage) throw new Error("there is no storage");
  await serve(storage, 1);
  const workspace = await daemons(others, ["queue", "backfill", "retries"]);
  const DAYS = 12;
  const backfillId = await request(storage, workspace, DAYS);
  const worker = standInWorker(storage);
  cleanups.push(() => worker.close());
  for (const done of [1, DAYS * 8, DAYS * 16]) {
    await seen(storage, backfillId, ({ counts }) => counts.done >= done);
    await server.stop("immediate");
    await server.start();
  }
  const backfill = await ended(storage, backfillId);
  expect([backfill.status, backfill.error]).toEqual(["COMPLETED_SUCCESS", null]);
  expect(backfill.counts).toMatchObject({ done: DAYS * (DAY + 1), failed: 0, skipped: 0 });
  expect(timesAsked(await runsOf(storage, backfillId))).toEqual({ 1: DAYS * (DAY + 1) });
  expect([...worker.launches.values()].filter(({ size }) => size !== 1)).toEqual([]);
});

test("a code server killed and replaced by another version in the middle of a backfill whose runs are retried: each partition once, each retry once", async () => {
  const { url, drop } = await withPostgres();
  cleanups.push(drop);
  const storage = await openStorage(url);
  cleanups.push(() => storage.close());
  const first = await serve(storage, 1);
  const workspace = await daemons([storage], ["queue", "backfill", "retries"]);
  // Every run fails at first, and as many end as the test lets.
  let most = 40;
  const DAYS = 4;
  const worker = standInWorker(storage, {
    fails: ({ tags }) => tags["dagster/retry_number"] === undefined,
    may: () => Math.max(0, most - worker.ended()),
  });
  cleanups.push(() => worker.close());
  const backfillId = await request(storage, workspace, DAYS, { "dagster/max_retries": "1" });
  await until(async () => (worker.ended() >= most ? true : null));

  first.child.kill("SIGKILL");
  await until(async () => (workspace.get("plant")?.state === "ERROR" ? true : null));
  most = Number.POSITIVE_INFINITY;
  await until(async () =>
    (await storage.notices.list("retry", 1000)).some(({ endedAt, error }) => endedAt === null && error)
      ? true
      : null,
  );
  expect(await seen(storage, backfillId, ({ error }) => error !== null)).toMatchObject({
    status: "REQUESTED",
    error: { name: "Unavailable" },
  });

  await serve(storage, 2, ', asset("other", () => 3)');
  const backfill = await ended(storage, backfillId);
  expect([backfill.status, backfill.error]).toEqual(["COMPLETED_SUCCESS", null]);
  expect(backfill.counts).toMatchObject({ done: DAYS * (DAY + 1), failed: 0, skipped: 0 });
  const runs = await runsOf(storage, backfillId);
  expect(timesAsked(runs)).toEqual({ 2: DAYS * (DAY + 1) });
  expect(timesAsked(runs.filter(({ parentRunId }) => parentRunId !== null))).toEqual({ 1: DAYS * (DAY + 1) });
});
