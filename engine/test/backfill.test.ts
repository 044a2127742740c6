import { randomUUID } from "node:crypto";
import {
  asset,
  assetIn,
  customMapping,
  Definitions,
  dailyPartitions,
  defineAssetJob,
  dynamicPartitions,
  externalAsset,
  job,
  multiAsset,
  multiPartitions,
  op,
  staticPartitions,
  weeklyPartitions,
  z,
} from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type AdvanceDeps,
  advanceBackfill,
  type BackfillDetail,
  type BackfillRequest,
  InvalidInput,
  NotFound,
  type RunRecord,
  reexecuteBackfill,
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

const NOW = Date.parse("2026-03-10T12:00:00Z");
const days = dailyPartitions({ start: "2026-03-01" });
const weeks = weeklyPartitions({ start: "2026-02-01" });
const orders = asset("orders", { partitions: days }, () => 1);
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
const fiscal = asset(
  "fiscal",
  {
    partitions: staticPartitions(["half-early", "half-late"]),
    inputs: {
      orders: assetIn(orders, {
        mapping: customMapping(days, (day) => {
          if (mappingFails) throw new Error("no calendar");
          return day < "2026-03-05" ? "half-early" : "half-late";
        }),
      }),
    },
  },
  () => 13,
);
let mappingFails = false;
const customers = asset("customers", { partitions: dynamicPartitions("customers") }, () => 10);
const configured = asset("configured", { partitions: days, config: z.object({ n: z.number() }) }, () => 11);
const plain = asset("plain", () => 12);
const load = op("load", () => 1);
const store = op("store", { inputs: { value: load } }, () => 2);
const nightly = job("nightly", { partitions: days, tags: { team: "red" } }, () => {
  store({ value: load() });
});
const definitions = new Definitions({
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

let storage: Storage;
let deps: AdvanceDeps;
let workspace: MemoryWorkspace;
beforeAll(async () => {
  storage = await openMemoryStorage({ now: () => NOW });
});
afterAll(() => storage.close());
beforeEach(() => {
  workspace = new MemoryWorkspace();
  workspace.set("shop", definitions);
  deps = { storage, workspace, now: () => NOW, newId: () => randomUUID(), owner: "daemon:1" };
});

const keys = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `2026-03-${String(from + n).padStart(2, "0")}`);
const submit = async (request: BackfillRequest) => (await submitBackfill(deps, request)).backfillId;
const of = (...assets: string[]) => assets.map((name) => [name]);
const get = async (id: string): Promise<BackfillDetail> => present(await storage.backfills.get(id));
/** One look, as a daemon takes it. */
async function look(id: string): Promise<BackfillDetail> {
  await advanceBackfill(deps, await claimed(id));
  return get(id);
}
/** Claims it whatever delay was asked for. */
function claimed(id: string): Promise<BackfillDetail> {
  return eventually(`backfill ${id} can be claimed`, async () =>
    (await storage.backfills.claim(deps.owner, 100, 60_000)).find(({ backfillId }) => backfillId === id),
  );
}
const runsOf = (id: string): Promise<RunRecord[]> =>
  storage.runs.list({ tags: [{ key: "dagster/backfill", values: [id] }] }, { limit: 1000, ascending: true });
const openRuns = async (id: string) =>
  (await runsOf(id)).filter(({ status }) => !["SUCCESS", "FAILURE", "CANCELED"].includes(status));
const said = ({ assets, partition }: RunRecord) =>
  `${assets?.map((key) => key.join("/")).join("+") ?? "job"} ${partition === null ? "-" : "key" in partition ? partition.key.slice(5) : `${partition.start.slice(5)}…${partition.end.slice(5)}`}`;
const open = async (id: string) => (await openRuns(id)).map(said);

/** Lets a run end; `made` assets are materialized before, default all where it succeeds. */
async function end(
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
const endAll = async (id: string) => {
  for (const run of await openRuns(id)) await end(run, "RUN_SUCCESS");
};
async function refusal(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was not refused");
}

describe("a backfill of assets", () => {
  test("goes from upstream to downstream, over mappings, and ends when all is made", async () => {
    const id = await submit({
      assets: of("report", "weekly", "cleaned", "orders"),
      partitions: { keys: keys(1, 8) },
      tags: { team: "red" },
    });
    expect((await get(id)).targets.map(({ asset, partitions }) => [asset?.[0], partitions])).toEqual([
      ["orders", keys(1, 8)],
      ["cleaned", keys(1, 8)],
      // The week from the 8th has not ended.
      ["weekly", ["2026-03-01"]],
      ["report", null],
    ]);
    expect((await look(id)).states).toEqual(["RRRRRRRR", "RRRRRRRR", "W", "W"]);
    expect(await open(id)).toEqual(keys(1, 8).map((key) => `orders+cleaned ${key.slice(5)}`));
    const [first, ...others] = await openRuns(id);
    expect(present(first).tags).toMatchObject({
      team: "red",
      "dagster/backfill": id,
      "dagster/partition": "2026-03-01",
    });
    for (const run of others) await end(run, "RUN_SUCCESS");
    expect((await look(id)).counts).toMatchObject({ done: 14, requested: 2, waiting: 2 });
    await end(present(first), "RUN_SUCCESS");
    expect((await look(id)).states).toEqual(["DDDDDDDD", "DDDDDDDD", "R", "W"]);
    expect(await open(id)).toEqual(["weekly 03-01"]);
    await endAll(id);
    await look(id);
    expect(await open(id)).toEqual(["report -"]);
    await endAll(id);
    const ended = await look(id);
    expect(ended).toMatchObject({ status: "COMPLETED_SUCCESS", counts: { done: 18 } });
    expect(ended.endedAt).toBe(NOW);
  });

  test("what a failed partition leads to is not requested, and the rest is", async () => {
    const id = await submit({ assets: of("orders", "cleaned", "weekly"), partitions: { keys: keys(1, 3) } });
    await look(id);
    const [first, second, third] = await openRuns(id);
    await end(present(first), "RUN_FAILURE", ["orders"]);
    await end(present(second), "RUN_SUCCESS");
    await end(present(third), "RUN_FAILURE");
    const ended = await look(id);
    expect(ended.states).toEqual(["DDF", "FDF", "S"]);
    expect(ended.status).toBe("COMPLETED_FAILED");

    const again = (await reexecuteBackfill(deps, id, { strategy: "FROM_FAILURE" })).backfillId;
    expect(await get(again)).toMatchObject({ parentId: id, states: ["W", "WW", "W"] });
    await look(again);
    expect(await open(again)).toEqual(["cleaned 03-01", "orders+cleaned 03-03"]);
    await endAll(again);
    await look(again);
    await endAll(again);
    expect(await look(again)).toMatchObject({ status: "COMPLETED_SUCCESS" });
    expect((await refusal(reexecuteBackfill(deps, again, { strategy: "FROM_FAILURE" }))).message).toBe(
      `backfill ${again} made all of its partitions: re-execute all of them`,
    );
    const whole = (await reexecuteBackfill(deps, again, { strategy: "ALL_STEPS" })).backfillId;
    expect((await get(whole)).states).toEqual(["W", "WW", "W"]);
    expect((await refusal(reexecuteBackfill(deps, whole, { strategy: "ALL_STEPS" }))).message).toBe(
      `backfill ${whole} is REQUESTED: wait for its end or cancel it, then re-execute it`,
    );
    expect(await refusal(reexecuteBackfill(deps, "nobody", { strategy: "ALL_STEPS" }))).toBeInstanceOf(
      NotFound,
    );
  });

  test("an asset that a run did not yield is skipped, and what is downstream of it", async () => {
    const id = await submit({ assets: of("orders", "cleaned", "weekly"), partitions: { keys: keys(1, 1) } });
    await look(id);
    const [run] = await openRuns(id);
    await end(present(run), "RUN_SUCCESS", ["orders"]);
    expect(await look(id)).toMatchObject({ states: ["D", "S", "S"], status: "COMPLETED_SUCCESS" });
  });

  test("a run that is executed again takes its partition along while the backfill is open", async () => {
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 2) } });
    await look(id);
    const [first, second] = await openRuns(id);
    await end(present(first), "RUN_FAILURE");
    expect((await look(id)).states).toEqual(["FR", "FR"]);
    const { tags, assets, partition, location } = present(first);
    await storage.runs.submit([
      { ...present(first), runId: randomUUID(), idempotencyKey: null, tags, assets, partition, location },
    ]);
    expect((await look(id)).states).toEqual(["RR", "RR"]);
    await endAll(id);
    expect(present(second).runId).not.toBe(present(first).runId);
    expect(await look(id)).toMatchObject({ states: ["DD", "DD"], status: "COMPLETED_SUCCESS" });
  });

  test("a mapping with an offset waits for the day before, and reaches no further than the upstream asset", async () => {
    const id = await submit({ assets: of("orders", "change"), partitions: { keys: keys(1, 2) } });
    // As in Dagster: downstream of the 1st is the 2nd.
    expect((await get(id)).targets.map(({ partitions }) => partitions)).toEqual([keys(1, 2), keys(2, 3)]);
    await look(id);
    expect(await open(id)).toEqual(["orders 03-01", "orders 03-02"]);
    const [first] = await openRuns(id);
    await end(present(first), "RUN_SUCCESS");
    await look(id);
    expect(await open(id)).toEqual(["orders 03-02", "change 03-02"]);
  });

  test("a mapping of the code's own is asked of the code, and one that fails is shown until it is mended", async () => {
    const assets = of("orders", "fiscal");
    mappingFails = true;
    const refused = await refusal(submit({ assets, partitions: { keys: keys(4, 5) } }));
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused.message).toContain("fiscal depends on orders: its custom partition mapping failed for");
    mappingFails = false;
    const id = await submit({ assets, partitions: { keys: keys(4, 5) } });
    expect((await get(id)).targets.map(({ partitions }) => partitions)).toEqual([
      keys(4, 5),
      ["half-early", "half-late"],
    ]);
    await look(id);
    const [fourth] = await openRuns(id);
    await end(present(fourth), "RUN_SUCCESS");

    // The code is deployed anew: what it said before counts no more.
    mappingFails = true;
    workspace.set("shop", definitions);
    workspace.change("shop", { codeVersion: "image:2" });
    const held = await look(id);
    expect([held.status, held.error?.message]).toEqual(["REQUESTED", expect.stringContaining("no calendar")]);
    mappingFails = false;
    const after = await look(id);
    expect([after.error, await open(id)]).toEqual([null, ["orders 03-05", "fiscal early"]]);
    await endAll(id);
    await look(id);
    await endAll(id);
    expect(await look(id)).toMatchObject({ states: ["DD", "DD"], status: "COMPLETED_SUCCESS" });
  });

  test("a policy of one run waits until all is there, one of three makes runs of three", async () => {
    const single = await submit({
      assets: of("orders", "whole"),
      partitions: { range: { start: "2026-03-01", end: "2026-03-04" } },
    });
    await look(single);
    const [first, ...others] = await openRuns(single);
    for (const run of others) await end(run, "RUN_SUCCESS");
    expect((await look(single)).states).toEqual(["RDDD", "WWWW"]);
    await end(present(first), "RUN_SUCCESS");
    await look(single);
    expect(await open(single)).toEqual(["whole 03-01…03-04"]);
    const [run] = await openRuns(single);
    expect(present(run).tags).toMatchObject({
      "dagster/asset_partition_range_start": "2026-03-01",
      "dagster/asset_partition_range_end": "2026-03-04",
    });
    await end(present(run), "RUN_SUCCESS");
    expect(await look(single)).toMatchObject({ states: ["DDDD", "DDDD"], status: "COMPLETED_SUCCESS" });

    const three = await submit({
      assets: of("threes"),
      partitions: { keys: [...keys(1, 4), ...keys(6, 7)] },
    });
    await look(three);
    // The 5th is not asked for, so it is in no range.
    expect(await open(three)).toEqual(["threes 03-01…03-03", "threes 03-04", "threes 03-06…03-07"]);
  });

  test("of a range that failed in the middle, what was made is kept", async () => {
    const id = await submit({ assets: of("threes"), partitions: { keys: keys(1, 3) } });
    await look(id);
    const [run] = await openRuns(id);
    await end(present(run), "RUN_FAILURE", ["threes"], "2026-03-02");
    expect(await look(id)).toMatchObject({ states: ["FDF"], status: "COMPLETED_FAILED" });
  });

  test("several dimensions in one run are a rectangle", async () => {
    const id = await submit({ assets: of("grid"), partitions: { keys: ["x|1", "x|2", "y|2"] } });
    await look(id);
    expect((await openRuns(id)).map(({ partition }) => partition)).toEqual([
      { start: "x|1", end: "x|2" },
      { key: "y|2" },
    ]);
  });

  test("assets of one op that cannot be subset share their runs", async () => {
    const id = await submit({ assets: of("left", "right"), partitions: { keys: keys(1, 2) } });
    await look(id);
    expect(await open(id)).toEqual(["left+right 03-01", "left+right 03-02"]);
    expect(
      (await refusal(submit({ assets: of("left"), partitions: { keys: keys(1, 1) } }))).message,
    ).toContain("right");
  });

  test("partitions by asset are taken as they are", async () => {
    const id = await submit({
      assets: of("orders", "regions"),
      partitions: {
        byAsset: [
          {
            asset: ["orders"],
            ranges: [
              { start: "2026-03-05", end: "2026-03-06" },
              { start: "2026-03-01", end: "2026-03-01" },
            ],
          },
          { asset: ["regions"], ranges: null },
        ],
      },
    });
    await look(id);
    expect(await open(id)).toEqual(["orders 03-01", "orders 03-05", "orders 03-06", "regions ", "regions "]);
  });

  test("only what is missing or failed", async () => {
    const name = "customers";
    await storage.assets.addDynamicPartitions(name, ["ada", "ben", "eva"]);
    const all = await submit({ assets: of("customers"), partitions: { all: true } });
    await look(all);
    const [ada, ben] = await openRuns(all);
    await end(present(ada), "RUN_SUCCESS");
    await end(present(ben), "RUN_FAILURE");
    await storage.backfills.cancel(all);
    await look(all);
    const open = await submit({
      assets: of("customers"),
      partitions: { all: true },
      onlyMissingAndFailed: true,
    });
    expect((await get(open)).targets).toEqual([
      { location: "shop", asset: ["customers"], partitions: ["ben", "eva"] },
    ]);
    const none = submit({
      assets: of("customers"),
      partitions: { keys: ["ada"] },
      onlyMissingAndFailed: true,
    });
    expect((await refusal(none)).message).toBe(
      "there is nothing to backfill: none of these partitions is missing or failed",
    );
  });

  test("it goes on by itself when its code is back, and says what it waits for", async () => {
    const id = await submit({ assets: of("orders"), partitions: { keys: keys(1, 1) } });
    workspace.change("shop", { state: "LOADING", code: null });
    const waiting = await look(id);
    expect(waiting).toMatchObject({ status: "REQUESTED", states: ["W"] });
    expect(waiting.error?.message).toBe("code location shop is loading: try again when it has loaded");
    workspace.set("shop", definitions);
    expect(await look(id)).toMatchObject({ states: ["R"], error: null });
  });

  test("a canceled one ends, also when the custom mapping of its assets throws", async () => {
    const id = await submit({ assets: of("orders", "fiscal"), partitions: { keys: keys(4, 4) } });
    workspace.change("shop", { codeVersion: "other" });
    mappingFails = true;
    const held = await look(id);
    expect([held.status, held.error?.message]).toEqual(["REQUESTED", expect.stringContaining("no calendar")]);
    await storage.backfills.cancel(id);
    const canceled = await look(id);
    mappingFails = false;
    expect(canceled).toMatchObject({ status: "CANCELED", states: ["C", "C"] });
  });

  test("a daemon that has not seen its code location yet lets it wait: its assets are not gone", async () => {
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    const before = workspace;
    workspace = deps.workspace = new MemoryWorkspace();
    const unseen = await look(id);
    expect(unseen).toMatchObject({ status: "REQUESTED", states: ["W", "W"] });
    expect(unseen.error?.message).toContain("code location shop is not there");
    workspace.set("shop", definitions);
    workspace.change("shop", { state: "ERROR", snapshot: null, code: null });
    expect(await look(id)).toMatchObject({ status: "REQUESTED", states: ["W", "W"] });
    deps.workspace = before;
    expect(await look(id)).toMatchObject({ states: ["R", "R"], error: null });
  });

  test("a partition that is gone meanwhile fails alone, an asset that is gone as a whole", async () => {
    await storage.assets.addDynamicPartitions("customers", ["old", "new"]);
    const id = await submit({ assets: of("customers"), partitions: { keys: ["old", "new"] } });
    await storage.assets.deleteDynamicPartitions("customers", ["old"]);
    const looked = await look(id);
    expect(looked.states).toEqual(["FR"]);
    expect(looked.error?.message).toContain('asset customers has no partition "old"');
    await endAll(id);
    expect((await look(id)).status).toBe("COMPLETED_FAILED");

    const gone = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    workspace.set("shop", new Definitions({ assets: [orders] }));
    expect(await look(gone)).toMatchObject({
      states: ["R", "F"],
      error: { message: "asset cleaned of this backfill is not made by any code location now" },
    });
  });

  test("assets of two code locations", async () => {
    workspace.set("shop", new Definitions({ assets: [orders] }));
    const elsewhere = externalAsset<number>("orders", { partitions: days });
    const local = asset("cleaned", { partitions: days, inputs: { orders: elsewhere } }, () => 2);
    workspace.set("office", new Definitions({ assets: [elsewhere, local] }));
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    await look(id);
    expect((await openRuns(id)).map((run) => [run.location, said(run)])).toEqual([["shop", "orders 03-01"]]);
    await endAll(id);
    await look(id);
    expect((await openRuns(id)).map((run) => [run.location, said(run)])).toEqual([
      ["office", "cleaned 03-01"],
    ]);
  });

  test("bad input is refused in words that say what to do", async () => {
    const words = async (request: Partial<BackfillRequest>) =>
      (await refusal(submit({ partitions: { keys: keys(1, 1) }, ...request }))).message;
    expect(await words({})).toBe("a backfill is of a job or of assets: name one of them");
    expect(await words({ assets: [] })).toBe("this backfill cannot be requested: no assets are selected");
    expect(await words({ assets: of("order") })).toBe('asset order does not exist: did you mean "orders"?');
    expect(await words({ assets: of("plain") })).toBe(
      "this backfill cannot be requested: no selected asset is partitioned, so launch a run of them instead",
    );
    expect(
      await words({ assets: of("orders"), partitions: { keys: ["2026-03-99", "2025-01-01"] } }),
    ).toContain('asset orders has no partition "2026-03-99"');
    expect(
      await words({
        assets: of("orders"),
        partitions: { range: { start: "2026-03-04", end: "2026-03-02" } },
      }),
    ).toBe(
      "this backfill cannot be requested: asset orders: the partition range 2026-03-04 … 2026-03-02 ends before it starts",
    );
    expect(await words({ assets: of("orders", "regions") })).toBe(
      "this backfill cannot be requested: orders and regions have different partitions and none of them is upstream of the other: name partitions for each, or request all",
    );
    expect(await words({ assets: of("configured") })).toContain("ops.configured.config: needs config: n");
    expect(await words({ assets: of("orders"), fromFailure: true })).toContain("are for backfills of a job");
    expect(await words({ location: "shop", job: "nightlyy" })).toBe(
      'job nightlyy does not exist: did you mean "nightly"?',
    );
    expect(await words({ location: "shop", job: "mixed" })).toContain("has assets with different partitions");
    expect(await words({ location: "shop", job: "nightly", steps: ["lod"] })).toContain("lod");
  });
});

describe("a backfill of a job", () => {
  test("has a run for each partition, once, also when a daemon dies between requesting and recording", async () => {
    const id = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(1, 3) },
      steps: ["load"],
    });
    const lost = { ...storage.backfills, save: async () => Promise.reject(new Error("kill -9")) };
    const dying = { ...deps, storage: { ...storage, backfills: lost } };
    await expect(advanceBackfill(dying, await claimed(id))).rejects.toThrow("kill -9");
    expect((await get(id)).states).toEqual(["WWW"]);
    const second = { ...deps, owner: "daemon:2" };
    // What the second one decides before it knows of the runs of the first makes no second run either.
    const stale = { ...storage.backfills, runs: async () => [], renew: async () => true };
    await advanceBackfill({ ...second, storage: { ...storage, backfills: stale } }, await get(id));
    const runs = await runsOf(id);
    expect(runs.map(({ job, steps, tags }) => [job, steps, tags["dagster/partition"], tags.team])).toEqual(
      keys(1, 3).map((key) => ["nightly", ["load"], key, "red"]),
    );
  });

  test("from failure continues the newest runs that failed and leaves out the others", async () => {
    const first = await submit({ location: "shop", job: "nightly", partitions: { keys: keys(5, 6) } });
    await look(first);
    const [bad, good] = await openRuns(first);
    await end(present(bad), "RUN_FAILURE");
    await end(present(good), "RUN_SUCCESS");
    expect(await look(first)).toMatchObject({ states: ["FD"], status: "COMPLETED_FAILED" });
    const again = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(5, 7) },
      fromFailure: true,
    });
    expect(await look(again)).toMatchObject({ states: ["RSS"] });
    const [run] = await runsOf(again);
    expect(run).toMatchObject({ parentRunId: present(bad).runId, partition: { key: "2026-03-05" } });
    const open = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(6, 7) },
      onlyMissingAndFailed: true,
    });
    expect((await get(open)).targets[0]?.partitions).toEqual(keys(7, 7));
  });

  test("of assets takes the partitions that they share", async () => {
    const id = await submit({ location: "shop", job: "daily", partitions: { keys: keys(1, 1) } });
    await look(id);
    const [run] = await openRuns(id);
    expect(run).toMatchObject({ job: "daily", partition: { key: "2026-03-01" } });
    await endAll(id);
    expect((await look(id)).status).toBe("COMPLETED_SUCCESS");
  });
});

describe("stopping", () => {
  test("a cancel stops queued runs at once, running ones through their worker, and what waits is not requested", async () => {
    const id = await submit({
      assets: of("cleaned", "weekly"),
      partitions: { keys: keys(1, 3) },
      // So that it is a run of this test that leaves the queue.
      tags: { "dagster/priority": "9" },
    });
    await look(id);
    const [first] = await openRuns(id);
    await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1);
    const started = (await openRuns(id)).find(({ status }) => status === "STARTING") ?? first;
    await storage.backfills.cancel(id);
    const canceling = await look(id);
    expect(canceling).toMatchObject({ status: "CANCELING", states: ["RRR", "C"] });
    expect((await runsOf(id)).map(({ status }) => status).sort()).toEqual([
      "CANCELED",
      "CANCELED",
      "CANCELING",
    ]);
    await storage.runs.cancel(present(started).runId, { force: true });
    expect(await look(id)).toMatchObject({
      status: "CANCELED",
      states: ["CCC", "C"],
      counts: { canceled: 4 },
    });
  });

  test("an idempotency key submits once", async () => {
    const request: BackfillRequest = {
      assets: of("orders"),
      partitions: { keys: keys(1, 1) },
      idempotencyKey: "cr:uid",
    };
    const first = await submitBackfill(deps, request);
    expect(await submitBackfill(deps, request)).toEqual({ backfillId: first.backfillId, created: false });
    expect(first.backfillId).toMatch(/^[a-z]{8}$/);
    expect(await refusal(submit({ assets: of("orders"), partitions: { keys: [] } }))).toBeInstanceOf(
      InvalidInput,
    );
  });
});
