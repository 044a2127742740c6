/** A shop with an asset of each kind, and how a test makes its runs end. A test file that imports it has its own storage. */
import { randomUUID } from "node:crypto";
import {
  asset,
  assetIn,
  customMapping,
  Definitions,
  dailyPartitions,
  defineAssetJob,
  dynamicPartitions,
  job,
  multiAsset,
  multiPartitions,
  op,
  staticPartitions,
  weeklyPartitions,
  z,
} from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import {
  type AdvanceDeps,
  advanceBackfill,
  type BackfillDetail,
  type BackfillRequest,
  type RunRecord,
  type Storage,
  submitBackfill,
} from "../src/index.ts";
import {
  eventually,
  exampleEvent,
  MemoryWorkspace,
  materialization,
  planEvent,
  present,
  workerBatch,
} from "../src/testing/index.ts";

export const NOW = Date.parse("2026-03-10T12:00:00Z");
export const days = dailyPartitions({ start: "2026-03-01" });
const weeks = weeklyPartitions({ start: "2026-02-01" });
export const orders = asset("orders", { partitions: days }, () => 1);
const cleaned = asset("cleaned", { partitions: days, inputs: { orders } }, () => 2);
const weekly = asset("weekly", { partitions: weeks, inputs: { cleaned: assetIn(cleaned) } }, () => 3);
const report = asset("report", { inputs: { weekly: assetIn(weekly) } }, () => 4);
const change = asset(
  "change",
  {
    partitions: days,
    inputs: { before: assetIn(orders, { mapping: { kind: "time_window", startOffset: -1, endOffset: -1 } }) },
  },
  () => 5,
);
const whole = asset(
  "whole",
  { partitions: days, deps: [orders], backfillPolicy: { maxPartitionsPerRun: null } },
  () => 6,
);
const threes = asset("threes", { partitions: days, backfillPolicy: { maxPartitionsPerRun: 3 } }, () => 7);
const regions = asset("regions", { partitions: staticPartitions(["north", "south"]) }, () => 8);
const grid = asset(
  "grid",
  {
    partitions: multiPartitions({ a: staticPartitions(["x", "y"]), b: staticPartitions(["1", "2", "3"]) }),
    backfillPolicy: { maxPartitionsPerRun: null },
  },
  () => 9,
);
const pair = multiAsset(
  "pair",
  { assets: { left: {}, right: {} }, partitions: days, inputs: { orders } },
  () => ({ left: 1, right: 2 }),
);
/** While it is broken the custom mapping of `fiscal` throws. */
export const calendar = { broken: false };
const fiscal = asset(
  "fiscal",
  {
    partitions: staticPartitions(["half-early", "half-late"]),
    inputs: {
      orders: assetIn(orders, {
        mapping: customMapping(days, (day) => {
          if (calendar.broken) throw new Error("no calendar");
          return day < "2026-03-05" ? "half-early" : "half-late";
        }),
      }),
    },
  },
  () => 13,
);
const customers = asset("customers", { partitions: dynamicPartitions("customers") }, () => 10);
const configured = asset("configured", { partitions: days, config: z.object({ n: z.number() }) }, () => 11);
const plain = asset("plain", () => 12);
const load = op("load", () => 1);
const store = op("store", { inputs: { value: load } }, () => 2);
const nightly = job("nightly", { partitions: days, tags: { team: "red" } }, () => {
  store({ value: load() });
});
export const definitions = new Definitions({
  assets: [
    orders,
    cleaned,
    weekly,
    report,
    change,
    whole,
    threes,
    regions,
    grid,
    ...Object.values(pair),
    fiscal,
    customers,
    configured,
    plain,
  ],
  jobs: [
    nightly,
    defineAssetJob("mixed", { selection: "orders or weekly" }),
    defineAssetJob("daily", { selection: "orders or cleaned" }),
  ],
});

export let storage: Storage;
export let deps: AdvanceDeps;
export let workspace: MemoryWorkspace;
beforeAll(async () => {
  storage = await openMemoryStorage({ now: () => NOW });
});
afterAll(() => storage.close());
beforeEach(() => {
  workspace = new MemoryWorkspace();
  workspace.set("shop", definitions);
  deps = { storage, workspace, now: () => NOW, newId: () => randomUUID(), owner: "daemon:1" };
});

export const keys = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `2026-03-${String(from + n).padStart(2, "0")}`);
export const submit = async (request: BackfillRequest) => (await submitBackfill(deps, request)).backfillId;
export const of = (...assets: string[]) => assets.map((name) => [name]);
export const get = async (id: string): Promise<BackfillDetail> => present(await storage.backfills.get(id));
/** One look, as a daemon takes it. */
export async function look(id: string): Promise<BackfillDetail> {
  await advanceBackfill(deps, await claimed(id));
  return get(id);
}
/** Claims it whatever delay was asked for. */
export function claimed(id: string): Promise<BackfillDetail> {
  return eventually(`backfill ${id} can be claimed`, async () =>
    (await storage.backfills.claim(deps.owner, 100, 60_000)).find(({ backfillId }) => backfillId === id),
  );
}
export const runsOf = (id: string): Promise<RunRecord[]> =>
  storage.runs.list({ tags: [{ key: "dagster/backfill", values: [id] }] }, { limit: 1000, ascending: true });
export const openRuns = async (id: string) =>
  (await runsOf(id)).filter(({ status }) => !["SUCCESS", "FAILURE", "CANCELED"].includes(status));
export const said = ({ assets, partition }: RunRecord) =>
  `${assets?.map((key) => key.join("/")).join("+") ?? "job"} ${partition === null ? "-" : "key" in partition ? partition.key.slice(5) : `${partition.start.slice(5)}…${partition.end.slice(5)}`}`;
export const open = async (id: string) => (await openRuns(id)).map(said);

/** Lets a run end; `made` assets are materialized before, default all where it succeeds. */
export async function end(
  run: RunRecord,
  how: "RUN_SUCCESS" | "RUN_FAILURE",
  made?: string[],
  only?: string,
): Promise<void> {
  await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1000);
  for (const { id } of await storage.compute.claim("test", 1000, 60_000)) await storage.compute.done(id);
  const key = run.partition && "key" in run.partition ? run.partition.key : only;
  const assets = run.assets ?? [];
  const wanted = made?.map((name) => [name]) ?? (how === "RUN_SUCCESS" ? assets : []);
  await storage.events.append(
    workerBatch(run.runId, [
      planEvent(assets, key),
      exampleEvent("RUN_START", {}),
      ...wanted.map((asset) => materialization(asset, key === undefined ? {} : { partition: key })),
      exampleEvent(how, {}),
    ]),
  );
}
export const endAll = async (id: string) => {
  for (const run of await openRuns(id)) await end(run, "RUN_SUCCESS");
};
