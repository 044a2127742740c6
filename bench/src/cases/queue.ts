/** Runs a second from the queue to a compute backend that does nothing, on Postgres, by one daemon process, two and four; and by Dagster's. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { openStorage } from "@dagster-operator/storage";
import { startDaemon, stopAll } from "../daemon.ts";
import { dagsterOn } from "../dagster-daemon.ts";
import type { Line } from "../line.ts";
import { onDatabase, onDurablePostgres } from "../postgres.ts";
import { fixture, until } from "../system.ts";

const RUNS = 10_000;
/** What the peer launches in half a minute. */
const BEARABLE = 400;
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
  const storage = await openStorage(url);
  const runs = Array.from({ length: RUNS }, () => ({
    runId: randomUUID(),
    location: "bench",
    job: "bench",
    tags: { team: "bench" },
    ...nothing,
  }));
  for (let at = 0; at < RUNS; at += 1000) await storage.runs.submit(runs.slice(at, at + 1000));
  await storage.close();
  const children = Array.from({ length: daemons }, () => [
    spawn(process.execPath, [backend, url], { stdio: ["ignore", "ignore", "inherit"] }),
    startDaemon(url, { run_queue: { max_concurrent_runs: -1 } }),
  ]).flat();
  try {
    return await rate(
      url,
      RUNS,
      "select count(*)::integer as n from run where attempt > 0 and not exists (select from compute_request c where c.run_no = run.no)",
    );
  } finally {
    await stopAll(children);
  }
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
    const peer = { what: "Dagster's daemon, 8 threads", value: await dagster(await database("peer")) };
    return [...rates].map(([daemons, value]) => ({
      name: `queue → launched, ${daemons} ${daemons === 1 ? "daemon" : "daemons"} with a backend each`,
      ours: value,
      peer,
      goal: "≥ 500",
      unit: "/s",
    }));
  });
}
