/**
 * Runs a second from the queue to a compute backend that does nothing, on Postgres, by one daemon process, two and four; and by
 * Dagster's. On a machine with few cores one daemon and the database fill it; so the same again where each daemon has only a small
 * share of a core, as on machines of their own, and what bound them.
 */
import { fork, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openStorage } from "@dagster-operator/storage";
import { type Bounded, bounded } from "../bounded.ts";
import { startDaemon, stopAll } from "../daemon.ts";
import { dagsterOn } from "../dagster-daemon.ts";
import type { Line } from "../line.ts";
import { onDatabase, onDurablePostgres } from "../postgres.ts";
import { fixture, until } from "../system.ts";

const RUNS = 10_000;
/** What the peer launches in half a minute. */
const BEARABLE = 400;
/** Of a core, for a daemon and its backend: four of them leave the database more than it needs on two cores. */
const SHARE = 0.1;
const FEW_RUNS = 2_000;
const backend = fixture("idle-backend.ts");

const nothing = {
  assets: null,
  checks: null,
  steps: null,
  partition: null,
  parentRunId: null,
  rootRunId: null,
  codeVersion: null,
  idempotencyKey: null,
  runConfig: {},
  known: { outputsFrom: {}, mappingKeys: {} },
};

/** Runs a second, from the first that is launched to the last: processes that start are not what is measured. */
function rate(url: string, runs: number, count: string): Promise<number> {
  return onDatabase(url, async (client) => {
    const launched = async () => (await client.query<{ n: number }>(count)).rows[0]?.n ?? 0;
    await until(async () => (await launched()) > 0, { everyMs: 10 });
    const [start, before] = [performance.now(), await launched()];
    await until(async () => (await launched()) >= runs, { everyMs: 20 });
    return (runs - before) / ((performance.now() - start) / 1000);
  });
}

/** `daemons` processes of the daemon, as a cluster runs them, and as many compute loops. */
async function ours(url: string, daemons: number): Promise<number> {
  await submit(url, RUNS);
  const children = Array.from({ length: daemons }, () => [
    spawn(process.execPath, [backend, url], { stdio: ["ignore", "ignore", "inherit"] }),
    startDaemon(url, { run_queue: { max_concurrent_runs: -1 } }),
  ]).flat();
  try {
    return await rate(url, RUNS, LAUNCHED);
  } finally {
    await stopAll(children);
  }
}

/** All are up before there is anything to do, and have no more than their share from then on. null = no groups can be made here. */
async function onShares(url: string, daemons: number): Promise<{ rate: number; usedUp: number } | null> {
  const groups: Bounded[] = [];
  for (let n = 0; n < daemons; n++) {
    const group = bounded(`${daemons}-${n}`, SHARE);
    if (group) groups.push(group);
  }
  const pairs = groups.map(() => ({
    backend: fork(backend, [url], { stdio: ["ignore", "ignore", "inherit", "ipc"] }),
    daemon: startDaemon(url, { run_queue: { max_concurrent_runs: -1 } }),
  }));
  try {
    if (groups.length < daemons) return null;
    await Promise.all(pairs.map((pair) => once(pair.backend, "message")));
    await onDatabase(url, (client) =>
      until(async () => {
        const { rows } = await client.query(
          "select count(distinct owner)::integer as n from daemon_heartbeat",
        );
        return rows[0].n >= daemons;
      }),
    );
    for (const [n, pair] of pairs.entries())
      for (const { pid } of [pair.backend, pair.daemon]) groups[n]?.add(pid ?? 0);
    const [measured] = await Promise.all([rate(url, FEW_RUNS, LAUNCHED), submit(url, FEW_RUNS)]);
    return { rate: measured, usedUp: Math.min(...groups.map((group) => group.usedUp())) };
  } finally {
    await stopAll(pairs.flatMap((pair) => [pair.backend, pair.daemon]));
    for (const group of groups) await group.remove();
  }
}

const LAUNCHED =
  "select count(*)::integer as n from run where attempt > 0 and not exists (select from compute_request c where c.run_no = run.no)";

async function submit(url: string, count: number): Promise<void> {
  const storage = await openStorage(url);
  const runs = Array.from({ length: count }, () => ({
    runId: randomUUID(),
    location: "bench",
    job: "bench",
    tags: { team: "bench" },
    ...nothing,
  }));
  for (let at = 0; at < count; at += 1000) await storage.runs.submit(runs.slice(at, at + 1000));
  await storage.close();
}

async function dagster(url: string): Promise<number> {
  const installation = dagsterOn(url, { maxRuns: -1 });
  await installation.enqueue(BEARABLE);
  const daemon = installation.start({});
  try {
    return await rate(url, BEARABLE, "select count(*)::integer as n from runs where status = 'STARTING'");
  } finally {
    await daemon.stop();
  }
}

export function run(): Promise<Line[]> {
  return onDurablePostgres(async (database) => {
    const rates = new Map<number, number>();
    for (const daemons of [1, 2, 4])
      rates.set(daemons, await ours(await database(`ours${daemons}`), daemons));
    const shares: Line[] = [];
    const bound = new Map<number, number>();
    for (const daemons of [1, 2, 4]) {
      const measured = await onShares(await database(`shares${daemons}`), daemons);
      if (!measured) {
        console.error("queue: without the right to make control groups there is no line of bounded daemons");
        break;
      }
      bound.set(daemons, measured.rate);
      shares.push({
        name: `each daemon and its backend with ${SHARE * 100} % of a core: ${daemons === 1 ? "1 daemon" : `${daemons} daemons`}`,
        ours: measured.rate,
        unit: "/s",
      });
      shares.push({
        name: "the same: periods in which each had used up its share",
        ours: measured.usedUp * 100,
        unit: "%",
      });
    }
    if (bound.size === 3)
      shares.push({
        name: "the same: 4 daemons ÷ 1",
        ours: (bound.get(4) ?? 0) / (bound.get(1) ?? 1),
        goal: "≥ 3",
        unit: "×",
      });
    const peer = { what: "Dagster's daemon, 8 threads", value: await dagster(await database("peer")) };
    const whole = [...rates].map(([daemons, value]) => ({
      name: `queue → launched, ${daemons} ${daemons === 1 ? "daemon" : "daemons"} with a backend each`,
      ours: value,
      peer,
      goal: "≥ 500",
      unit: "/s",
    }));
    return [...whole, ...shares];
  });
}
