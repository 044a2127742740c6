/**
 * A year of a busy installation on Postgres in a few minutes: every day the same load, written through the storage port with the
 * clock of that day, and then the daemon's retention. How large the database is as the year goes on. DAYS= and RUNS= (a day) for less.
 */
import { randomUUID } from "node:crypto";
import { startDaemon } from "@dagster-operator/daemon";
import {
  type ComputeLog,
  DEFAULT_RETENTION,
  type RetentionSettings,
  type Storage,
  systemClock,
  type Workspace,
} from "@dagster-operator/engine";
import { openStorageWithLogs } from "@dagster-operator/storage";
import { startPostgres } from "@dagster-operator/storage/testing";
import type pg from "pg";
import { pino } from "pino";
import { Registry } from "prom-client";
import { busyRun, instigators, ticksOf } from "../fixtures/busy-day.ts";
import type { Line } from "../line.ts";
import { onDatabase } from "../postgres.ts";
import { until } from "../system.ts";

const DAYS = Number(process.env.DAYS ?? 365);
const RUNS = Number(process.env.RUNS ?? 50);
const DAY_MS = 86_400_000;
/** Retention keeps a month, so from the second month on nothing should grow. */
const KEEP_DAYS = 30;
const SHOWN = [60, 180, DAYS].filter((day) => day <= DAYS);
const LEFT = ["run", "event", "tick", "backfill", "notice", "asset_partition"];
/** Transactions at once, as from several workers. */
const WIDTH = 8;

const days = { SUCCESS: KEEP_DAYS, SKIPPED: 7, FAILURE: KEEP_DAYS };
const settings: RetentionSettings = {
  ...DEFAULT_RETENTION,
  runs: { SUCCESS: KEEP_DAYS, FAILURE: KEEP_DAYS, CANCELED: KEEP_DAYS },
  backfills: { SUCCESS: KEEP_DAYS, FAILURE: KEEP_DAYS, CANCELED: KEEP_DAYS },
  computeLogs: 14,
  assetEvents: KEEP_DAYS,
  ticks: { SCHEDULE: days, SENSOR: days, AUTO_MATERIALIZE: days },
};

/** Retention asks no code. */
const workspace = {
  list: () => [],
  get: () => null,
  subscribe: () => () => undefined,
} as unknown as Workspace;

interface System {
  storage: Storage;
  computeLog: ComputeLog;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

/** Ticks, runs with their events and logs, webhooks, and a backfill of a hundred partitions: all of one day. */
async function live({ storage, computeLog }: System, day: number, now: number): Promise<void> {
  for (let hour = 0; hour < 24; hour += 1)
    await Promise.all(
      instigators((RUNS * 10) / 24).map(async (id) => {
        const at = now + (hour * DAY_MS) / 24;
        const tick = await storage.ticks.begin(id, at, "bench", 60_000, at);
        if (!tick) throw new Error(`the tick of ${id.name} did not begin`);
        await storage.ticks.finish(tick.id, "bench", ticksOf(id, hour), at + 1000);
      }),
    );
  const backfillId = `day${String(day).padStart(5, "0")}`;
  const runs = Array.from({ length: RUNS }, (_, n) => busyRun(day, n, backfillId));
  await storage.runs.submit(runs.map(({ run }) => run));
  await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, RUNS);
  for (const { id } of await storage.compute.claim("bench", RUNS, 60_000)) await storage.compute.done(id);
  await each(runs, async ({ run: { runId }, events }) => {
    const stored = events(now).map((event, index) => ({ seq: index + 1, event }));
    await storage.events.append({ runId, producer: "worker:1", attempt: 1, events: stored });
    await computeLog.append({ runId, logKey: "worker", stream: "out" }, 0, Buffer.alloc(2000, randomUUID()));
  });
  await storage.backfills.submit({
    ...{
      backfillId,
      location: "bench",
      job: "busy",
      fromFailure: false,
      steps: null,
      runConfig: {},
      tags: {},
    },
    ...{ title: null, description: null, parentId: null, idempotencyKey: null },
    targets: [{ location: "bench", asset: null, partitions: Array.from({ length: 100 }, (_, n) => `p${n}`) }],
  });
  await storage.backfills.claim("bench", 1, 60_000);
  await storage.backfills.save(
    backfillId,
    "bench",
    { states: ["D".repeat(100)], status: "COMPLETED_SUCCESS" },
    0,
  );
  await tellWebhook(storage.notices);
  await storage.heartbeats.beat(`daemon:${day}`, [{ type: "SENSOR", error: null }], now);
}

/** What the webhook loop writes where a webhook hears of each run that ended; at the first try the one of a failed run does not answer. */
async function tellWebhook(notices: Storage["notices"]): Promise<void> {
  const loop = "webhook:bench";
  while ((await notices.collect(loop, ["RUN_SUCCESS", "RUN_FAILURE"], ["bench"], 100)) === 100);
  for (let claimed = await notices.claim(loop, "bench", 100, 60_000); claimed.length > 0; ) {
    await each(claimed, ({ id, eventType, tries }) =>
      eventType === "RUN_FAILURE" && tries === 1 ? notices.later(id, 0, "it answered 500") : notices.end(id),
    );
    claimed = await notices.claim(loop, "bench", 100, 60_000);
  }
}

/** One round of the daemon's retention. */
async function forget(system: System, now: number): Promise<void> {
  const daemon = startDaemon({
    ...system,
    workspace,
    clock: { ...systemClock, now: () => now },
    log: pino({ level: "silent" }),
    metrics: new Registry(),
    loops: ["retention"],
    config: { retention: settings },
  });
  const error = () => daemon.health()[0]?.error;
  await until(async () => error() != null || daemon.health()[0]?.lastIterationAt != null);
  const failed = error();
  await daemon.close();
  if (failed) throw new Error(`retention failed: ${failed.message}`);
}

/** What autovacuum would have done meanwhile: it wakes every minute, and a day is over here in less. Its own thresholds. */
async function autovacuum(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `select s.relid::regclass::text as table from pg_stat_user_tables s join pg_class c on c.oid = s.relid
     where n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0) or n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)`,
  );
  for (const { table } of rows) await client.query(`vacuum (analyze) ${table}`);
}

export async function run(): Promise<Line[]> {
  // Its size is what is measured, so no commit need be on disk.
  const server = await startPostgres();
  try {
    return await onDatabase(server.url("postgres"), async (client) => {
      const started = Date.now();
      let now = started;
      const opened = await openStorageWithLogs(server.url("postgres"), { now: () => now });
      const sizes: number[] = [];
      const number = async (sql: string) => Number((await client.query(`select (${sql}) as n`)).rows[0].n);
      for (let day = 1; day <= DAYS; day += 1) {
        await live(opened, day, now);
        // Notices end by the database's own clock.
        await client.query("update notice set ended_at = $1 where ended_at > $2 and ended_at <= $3", [
          ...[now, started, Date.now() + 1000],
        ]);
        now += DAY_MS;
        await forget(opened, now);
        await autovacuum(client);
        if (!SHOWN.includes(day)) continue;
        sizes.push((await number("pg_database_size(current_database())")) / 1e6);
        if (process.env.TABLES) await showTables(client, day);
      }
      const rows: number[] = [];
      for (const table of LEFT) rows.push(await number(`select count(*) from ${table}`));
      await opened.storage.close();
      const [first = Number.NaN, last = Number.NaN] = [sizes[0], sizes.at(-1)];
      const year = `${RUNS} runs, ${RUNS * 20} events and ${Math.round((RUNS * 10) / 24) * 24} ticks a day, ${KEEP_DAYS} days kept`;
      return [
        ...SHOWN.map((day, i) => ({
          name: `${year}: the database after ${day} days`,
          ours: sizes[i] ?? Number.NaN,
          unit: "MB",
        })),
        {
          name: `the same: day ${SHOWN.at(-1)} ÷ day ${SHOWN[0]}`,
          ours: last / first,
          goal: "≤ 1.1",
          unit: "×",
        },
        ...LEFT.map((table, i) => ({
          name: `the same: rows of ${table}s left`,
          ours: rows[i] ?? 0,
          unit: "",
        })),
      ];
    });
  } finally {
    await server.remove();
  }
}

/** TABLES=1: where the room goes. */
async function showTables(client: pg.Client, day: number): Promise<void> {
  const { rows } = await client.query<{ name: string; kb: number; rows: number; dead: number }>(
    `select relname as name, (pg_total_relation_size(relid) / 1024)::integer as kb, n_live_tup as rows, n_dead_tup as dead
     from pg_stat_user_tables order by 2 desc limit 16`,
  );
  console.error(`day ${day}`);
  console.table(rows);
}
