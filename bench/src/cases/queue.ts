/** Runs a second from the queue to a compute backend that does nothing, on Postgres, by one daemon process, two and four. */
import { type SpawnOptions, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStorage } from "@dagster-operator/storage";
import { startPostgres } from "@dagster-operator/storage/testing";
import pg from "pg";
import type { Line } from "../line.ts";
import { fixture, until } from "../system.ts";

const RUNS = 10_000;
/** Dagster 1.13.27 on Postgres and 2 cores, threads on, with a launcher that does nothing: measured for the issue. */
const DAGSTER = 16;
const backend = fixture("idle-backend.ts");
const dagsterOperator = fileURLToPath(new URL("../../../bin/dagster-operator", import.meta.url));

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

/** `daemons` processes of the daemon, as a cluster runs them, and as many compute loops. */
async function measure(url: string, daemons: number): Promise<number> {
  const storage = await openStorage(url);
  const runs = Array.from({ length: RUNS }, () => ({
    runId: randomUUID(),
    location: "bench",
    job: "bench",
    tags: { team: "bench" },
    ...nothing,
  }));
  for (let at = 0; at < RUNS; at += 1000) await storage.runs.submit(runs.slice(at, at + 1000));
  const instance = join(mkdtempSync(join(tmpdir(), "bench-")), "instance.json");
  writeFileSync(instance, JSON.stringify({ run_queue: { max_concurrent_runs: -1 } }));
  const env = { ...process.env, DAGSTER_OPERATOR_DATABASE_URL: url };
  const options: SpawnOptions = { env, stdio: ["ignore", "ignore", "inherit"] };
  const children = Array.from({ length: daemons }, () => [
    spawn(process.execPath, [backend, url], options),
    spawn(dagsterOperator, ["daemon", "--probe-port", "0", "--instance", instance], options),
  ]).flat();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const launched = async () =>
    (
      await client.query(
        "select count(*)::integer as n from run where attempt > 0 and not exists (select from compute_request c where c.run_no = run.no)",
      )
    ).rows[0].n as number;
  // Processes that start are not what is measured.
  await until(async () => (await launched()) > 0, { everyMs: 10 });
  const [start, before] = [performance.now(), await launched()];
  await until(async () => (await launched()) >= RUNS, { everyMs: 20 });
  const rate = (RUNS - before) / ((performance.now() - start) / 1000);
  await client.end();
  const ended = children.map((each) => new Promise((resolve) => each.once("exit", resolve)));
  for (const each of children) each.kill("SIGTERM");
  await Promise.all(ended);
  await storage.close();
  return rate;
}

export async function run(): Promise<Line[]> {
  const server = await startPostgres({ durable: true });
  try {
    const lines: Line[] = [];
    for (const daemons of [1, 2, 4]) {
      const admin = new pg.Client({ connectionString: server.url("postgres") });
      await admin.connect();
      await admin.query(`create database queue${daemons}`);
      await admin.end();
      const rate = await measure(server.url(`queue${daemons}`), daemons);
      lines.push({
        name: `queue → launched, ${daemons} ${daemons === 1 ? "daemon" : "daemons"} with a backend each`,
        ours: rate,
        peer: { what: "Dagster, as measured for the issue", value: DAGSTER },
        goal: "≥ 500",
        unit: "/s",
      });
    }
    return lines;
  } finally {
    await server.remove();
  }
}
