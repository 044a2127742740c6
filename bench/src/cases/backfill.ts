/** Requesting a backfill of 10,000 partitions on a Postgres whose commits are on disk, and reading how far partitions are. */
import { randomUUID } from "node:crypto";
import {
  advanceBackfill,
  type LocationEntry,
  type Storage,
  submitBackfill,
  type Workspace,
} from "@dagster-operator/engine";
import { asset, Definitions, hourlyPartitions } from "@dagster-operator/sdk";
import { internalsOf, partitionKeys, type RunEvent, validateRunConfig } from "@dagster-operator/sdk/internal";
import { openStorage } from "@dagster-operator/storage";
import { type Line, median } from "../line.ts";
import { onDurablePostgres } from "../postgres.ts";

const PARTITIONS = 10_000;
const hours = hourlyPartitions({ start: "2024-01-01" });
const raw = asset("raw", { partitions: hours }, () => 1);
const clean = asset("clean", { partitions: hours, inputs: { raw } }, () => 2);
const definitions = new Definitions({ assets: [raw, clean] });
const { snapshot } = internalsOf(definitions);
const keys = partitionKeys(hours, { now: Date.now(), dynamic: () => [] }).slice(0, PARTITIONS);

/** The location as its code server shows it, in this process. */
const entry: LocationEntry = {
  name: "bench",
  state: "LOADED",
  snapshot,
  error: null,
  updatedAt: 0,
  source: {},
  codeVersion: null,
  code: {
    validateRunConfig: async (job: string, config: Record<string, unknown>) =>
      validateRunConfig(definitions, job, config),
    mapPartitions: async () => ({}),
  } as unknown as LocationEntry["code"],
};
const workspace = { list: () => [entry], get: () => entry } as unknown as Workspace;

async function requested(storage: Storage): Promise<{ backfillId: string; seconds: number }> {
  const deps = { storage, workspace, now: () => Date.now(), newId: () => randomUUID(), owner: "bench" };
  const start = performance.now();
  const { backfillId } = await submitBackfill(deps, {
    assets: [["raw"], ["clean"]],
    partitions: { range: { start: keys[0] ?? "", end: keys.at(-1) ?? "" } },
  });
  const [backfill] = await storage.backfills.claim("bench", 1, 60_000);
  if (!backfill) throw new Error("the backfill could not be claimed");
  await advanceBackfill(deps, backfill);
  const seconds = (performance.now() - start) / 1000;
  const runs = await storage.runs.count({ tags: [{ key: "dagster/backfill", values: [backfillId] }] });
  if (runs !== PARTITIONS) throw new Error(`${runs} runs were requested instead of ${PARTITIONS}`);
  return { backfillId, seconds };
}

/** Every partition of `raw` materialized by one run. */
async function materialized(storage: Storage): Promise<void> {
  const [run] = await storage.runs.list({}, { limit: 1 });
  const events = keys.map((partition, i) => ({
    seq: i + 1,
    event: {
      type: "ASSET_MATERIALIZATION",
      ts: Date.now(),
      level: "INFO",
      message: "",
      asset: ["raw"],
      partition,
      metadata: {},
    } satisfies RunEvent,
  }));
  for (let at = 0; at < events.length; at += 1000)
    await storage.events.append({
      runId: run?.runId ?? "",
      producer: "bench",
      events: events.slice(at, at + 1000),
    });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

export function run(): Promise<Line[]> {
  return onDurablePostgres(async (database) => {
    const storage = await openStorage(await database("ours"));
    const { backfillId, seconds } = await requested(storage);
    await materialized(storage);
    const partitions = await timed(() => storage.assets.partitions(["raw"]));
    const progress = await timed(() => storage.backfills.get(backfillId));
    await storage.close();
    return [
      { name: "10,000 partitions of two assets requested", ours: seconds, goal: "≤ 5 s", unit: "s" },
      { name: "status of 10,000 partitions of an asset read", ours: partitions, goal: "≤ 20 ms", unit: "ms" },
      { name: "a backfill of 20,000 asset partitions read", ours: progress, goal: "≤ 20 ms", unit: "ms" },
    ];
  });
}
