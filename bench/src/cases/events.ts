/** Events stored and folded a second, on Postgres as installed (every commit on disk), against plain inserts and Dagster. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { openStorage } from "@dagster-operator/storage";
import { dagsterBin, dagsterEnv, peerFile } from "../dagster.ts";
import { type Line, median } from "../line.ts";
import { onDatabase, onDurablePostgres } from "../postgres.ts";

const BATCH = 1000;
const ROUNDS = 20;

/** A thousand events of 200 steps, as a run of assets sends them. */
function batch(round: number): RunEvent[] {
  return Array.from({ length: BATCH / 5 }, (_, i) => {
    const at = { ts: Date.now(), level: "INFO" as const, stepKey: `step_${round}_${i}` };
    const asset = ["bench", at.stepKey];
    return [
      { type: "STEP_START", ...at, message: `Step ${at.stepKey} started.` },
      { type: "LOG_MESSAGE", ...at, message: "loading" },
      { type: "STEP_OUTPUT", ...at, message: "Returned output result.", output: "result" },
      {
        type: "ASSET_MATERIALIZATION",
        ...at,
        message: "Materialized.",
        asset,
        metadata: { rows: { type: "int", value: i } },
      },
      { type: "STEP_SUCCESS", ...at, message: "succeeded", durationMs: 3 },
    ] satisfies RunEvent[];
  }).flat();
}

function raw(url: string): Promise<number> {
  return onDatabase(url, async (client) => {
    await client.query(
      "create table raw (id bigserial primary key, run_id text, producer text, seq int, type text, body jsonb, unique (run_id, producer, seq))",
    );
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const events = batch(round);
      const values = [
        events.map((_, i) => round * BATCH + i),
        events.map(({ type }) => type),
        events.map((event) => JSON.stringify(event)),
      ];
      const start = performance.now();
      await client.query(
        "insert into raw (run_id, producer, seq, type, body) select 'r', 'p', * from unnest($1::int[], $2::text[], $3::jsonb[])",
        values,
      );
      rates.push(BATCH / ((performance.now() - start) / 1000));
    }
    return median(rates);
  });
}

async function ours(url: string): Promise<number> {
  const storage = await openStorage(url);
  const runId = randomUUID();
  const known = { outputsFrom: {}, mappingKeys: {} };
  const nothing = {
    assets: null,
    checks: null,
    steps: null,
    partition: null,
    parentRunId: null,
    rootRunId: null,
    codeVersion: null,
    idempotencyKey: null,
  };
  await storage.runs.submit([
    { runId, location: "bench", job: "bench", runConfig: {}, tags: {}, known, ...nothing },
  ]);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const events = batch(round).map((event, i) => ({ seq: round * BATCH + i + 1, event }));
    const start = performance.now();
    await storage.events.append({ runId, producer: "bench", events });
    rates.push(BATCH / ((performance.now() - start) / 1000));
  }
  await storage.close();
  return median(rates);
}

export function run(): Promise<Line[]> {
  return onDurablePostgres(async (database) => {
    const limit = await raw(await database("raw"));
    const mine = await ours(await database("ours"));
    const args = [
      peerFile("events.py"),
      (await database("peer")).replace("postgres://", "postgresql+psycopg2://"),
      "5000",
      String(BATCH),
    ];
    const dagster = Number(
      execFileSync(dagsterBin("python"), args, {
        env: dagsterEnv(),
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }).trim(),
    );
    return [
      {
        name: "events stored and folded, batches of 1,000",
        ours: mine,
        peer: { what: "raw insert", value: limit },
        goal: "≥ 0.5 ×",
        unit: "/s",
      },
      {
        name: "events stored and folded, batches of 1,000",
        ours: mine,
        peer: { what: "Dagster", value: dagster },
        unit: "/s",
      },
    ];
  });
}
