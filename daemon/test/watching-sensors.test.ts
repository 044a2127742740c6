import { type Storage, submitRun, type Tick } from "@dagster-operator/engine";
import {
  eventually,
  exampleEvent,
  ManualClock,
  MemoryWorkspace,
  materialization,
} from "@dagster-operator/engine/testing";
import {
  type AssetEvent,
  asset,
  assetMaterialization,
  assetSensor,
  Definitions,
  job,
  multiAssetSensor,
  op,
  RunRequest,
  runFailureSensor,
  runStatusSensor,
  SensorResult,
  SkipReason,
  sensor,
} from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";
import { openMemoryStorage, type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, startDaemon } from "../src/index.ts";

const NOON = Date.parse("2026-03-10T12:00:00Z");
const idle = op("idle", () => 1);
const work = job("work", () => void idle());
const other = job("other", () => void idle());
const orders = asset("orders", () => 1);
const prices = asset("prices", () => 1);
const on = { defaultStatus: "RUNNING" as const, minimumInterval: 30 };

let storage: Storage;
let count = 0;
let daemons: Daemon[] = [];
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterEach(async () => {
  for (const daemon of daemons) await daemon.close();
  daemons = [];
  await storage.assets.wipe(["orders"]);
  await storage.assets.wipe(["prices"]);
});
afterAll(() => storage.close());

function serve(definitions: ConstructorParameters<typeof Definitions>[0], on: Storage[] = [storage]) {
  count += 1;
  const location = `location${count}`;
  const clock = new ManualClock(NOON);
  const workspace = new MemoryWorkspace();
  workspace.set(location, new Definitions(definitions));
  for (const each of on)
    daemons.push(
      startDaemon({
        storage: each,
        workspace,
        clock,
        log: pino({ level: "silent" }),
        metrics: new Registry(),
        loops: ["sensor"],
      }),
    );
  const ticks = (name: string, wanted: number): Promise<Tick[]> =>
    eventually(`${name} has ${wanted} ticks`, async () => {
      const all = await storage.ticks.ticks({ kind: "SENSOR", location, name }, { limit: 100 });
      const closed = all.filter(({ status }) => status !== "STARTED").reverse();
      return closed.length >= wanted ? closed : null;
    });
  const runs = (jobName: string) =>
    storage.runs.list({ location, job: jobName }, { limit: 1000, ascending: true });
  const submit = async (jobName = "work") => {
    const deps = { storage, workspace, now: () => clock.now(), newId: () => crypto.randomUUID() };
    return (await submitRun(deps, { location, job: jobName })).runId;
  };
  const end = (runId: string, type: "RUN_SUCCESS" | "RUN_FAILURE") =>
    storage.events.report(runId, [exampleEvent("RUN_STARTING", {}), exampleEvent(type, {})]);
  return { location, clock, ticks, runs, submit, end };
}
const made = (key: string, partition?: string) =>
  storage.assets.reportExternal(materialization([key], { partition }));

test("an asset sensor is asked once for what came since its last tick, with the newest", async () => {
  const seen: (number | string)[] = [];
  const onOrders = assetSensor("on_orders", { asset: orders, job: work, ...on }, ({ assetEvent }) => {
    seen.push(assetEvent.id, assetEvent.partition ?? "");
    return new RunRequest();
  });
  const { clock, ticks, runs, location } = serve({ assets: [orders], jobs: [work], sensors: [onOrders] });
  const [first] = await ticks("on_orders", 1);
  expect(first).toMatchObject({ status: "SKIPPED", skipReason: "no new materialization of asset orders" });
  await made("orders", "a");
  const newest = await made("orders", "b");
  clock.advance(30_000);
  await ticks("on_orders", 2);
  clock.advance(30_000);
  const all = await ticks("on_orders", 3);
  expect(all.map(({ status }) => status)).toEqual(["SKIPPED", "SUCCESS", "SKIPPED"]);
  expect(all[1]?.cursor).toBe(String(newest));
  expect(seen).toEqual([newest, "b"]);
  expect((await runs("work"))[0]?.idempotencyKey).toBe(`sensor:${location}:on_orders@${newest}.0`);
});

test("an evaluation that throws leaves the cursor of an asset sensor, so the event comes again", async () => {
  let calls = 0;
  const flaky = assetSensor("flaky", { asset: orders, job: work, ...on }, () => {
    calls += 1;
    if (calls === 1) throw new Error("not today");
    return new RunRequest();
  });
  await made("orders");
  const { clock, ticks, runs } = serve({ assets: [orders], jobs: [work], sensors: [flaky] });
  expect((await ticks("flaky", 1))[0]?.error?.message).toContain("not today");
  clock.advance(30_000);
  expect((await ticks("flaky", 2))[1]?.status).toBe("SUCCESS");
  expect(await runs("work")).toHaveLength(1);
});

test("a multi-asset sensor consumes what it says, and is handed what it passed over", async () => {
  const trailing: string[][] = [];
  const both = multiAssetSensor(
    "both",
    { monitoredAssets: [orders, prices], job: work, ...on },
    (context) => {
      trailing.push(context.trailingUnconsumed(orders).map(({ partition }) => partition ?? ""));
      const byPartition = context.latestMaterializationsByPartition(orders);
      const done: AssetEvent[] = [];
      for (const [partition, event] of byPartition) if (partition !== "a") done.push(event);
      const price = context.latestMaterialization(prices);
      if (done.length === 0 || !price) return new SkipReason("not both yet");
      context.advanceCursor(...done, price);
      return new RunRequest({ tags: { parts: [...byPartition.keys()].join(",") } });
    },
  );
  const a = await made("orders", "a");
  const { clock, ticks, runs } = serve({ assets: [orders, prices], jobs: [work], sensors: [both] });
  expect((await ticks("both", 1))[0]?.skipReason).toBe("not both yet");
  const b = await made("orders", "b");
  const price = await made("prices");
  clock.advance(30_000);
  const [, second] = await ticks("both", 2);
  expect(JSON.parse(second?.cursor ?? "")).toEqual({ orders: ["b", b, { a }], prices: [null, price, {}] });
  clock.advance(30_000);
  const [, , third] = await ticks("both", 3);
  expect(third?.status).toBe("SKIPPED");
  expect(trailing).toEqual([[], [], ["a"]]);
  expect((await runs("work")).map(({ tags }) => tags.parts)).toEqual(["a,b"]);
});

test("a run-status sensor is asked once for each run of its location, in order, and not about its own", async () => {
  const seen: string[] = [];
  const after = runStatusSensor("after", { status: "SUCCESS", jobs: [work, other], ...on }, ({ run }) => {
    seen.push(run.runId);
    return new RunRequest({ job: other });
  });
  const world = serve({ jobs: [work, other], sensors: [after] });
  expect((await world.ticks("after", 1))[0]?.skipReason).toBe("watches runs from now on");
  const [first, second] = [await world.submit(), await world.submit()];
  await world.end(second, "RUN_SUCCESS");
  await world.end(first, "RUN_SUCCESS");
  world.clock.advance(30_000);
  const [, tick] = await world.ticks("after", 2);
  expect(tick).toMatchObject({ status: "SUCCESS", originRunIds: [second, first] });
  expect(seen).toEqual([second, first]);
  for (const { runId } of await world.runs("other")) await world.end(runId, "RUN_SUCCESS");
  world.clock.advance(30_000);
  const [, , third] = await world.ticks("after", 3);
  expect(third).toMatchObject({ status: "SKIPPED", originRunIds: [] });
  expect(await world.runs("other")).toHaveLength(2);
});

test("a run that the function cannot deal with fails the tick and does not hold the next run", async () => {
  const seen: string[] = [];
  const alert = runFailureSensor("alert", { monitoredJobs: [work], ...on }, ({ run, log }) => {
    seen.push(run.runId);
    if (seen.length === 1) throw new Error("no network");
    log.info(`told of ${run.job}`);
  });
  const world = serve({ jobs: [work, other], sensors: [alert] });
  await world.ticks("alert", 1);
  const ids = [await world.submit(), await world.submit("other"), await world.submit()];
  for (const id of ids) await world.end(id, "RUN_FAILURE");
  world.clock.advance(30_000);
  const [, failed] = await world.ticks("alert", 2);
  expect(failed).toMatchObject({ status: "FAILURE", originRunIds: [ids[0]] });
  world.clock.advance(30_000);
  const [, , told] = await world.ticks("alert", 3);
  expect(told).toMatchObject({ status: "SUCCESS", originRunIds: [ids[2]], logs: ["told of work"] });
  expect(seen).toEqual([ids[0], ids[2]]);
});

test("a sensor reports what it found out of an asset", async () => {
  const look = sensor("look", { ...on }, () => [
    new SensorResult({
      cursor: "1",
      skipReason: "only told",
      assetEvents: [assetMaterialization("orders", { partition: "x", metadata: { rows: 3 } })],
    }),
  ]);
  const { ticks } = serve({ assets: [orders], sensors: [look] });
  expect((await ticks("look", 1))[0]).toMatchObject({
    status: "SKIPPED",
    cursor: "1",
    skipReason: "only told",
  });
  const [event] = await storage.assets.history(["orders"], { limit: 1 });
  expect(event).toMatchObject({
    runId: null,
    event: {
      partition: "x",
      message: "Reported by sensor look.",
      metadata: { rows: { type: "int", value: 3 } },
    },
  });
});

let database: TestDatabase | undefined;
afterAll(() => database?.drop());

test("three daemons on a real Postgres ask about each run once", async () => {
  database = await withPostgres();
  const own = [];
  for (let n = 0; n < 3; n++) own.push(await openStorage(database.url));
  const before = storage;
  storage = own[0] as Storage;
  try {
    const seen: string[] = [];
    const after = runStatusSensor("after", { status: "SUCCESS", job: other, ...on }, ({ run }) => {
      seen.push(run.runId);
      return new RunRequest();
    });
    const world = serve({ jobs: [work, other], sensors: [after] }, own);
    await world.ticks("after", 1);
    const ids: string[] = [];
    for (let round = 2; round < 6; round++) {
      for (let n = 0; n < 5; n++) {
        const id = await world.submit();
        ids.push(id);
        await world.end(id, "RUN_SUCCESS");
      }
      world.clock.advance(30_000);
      await world.ticks("after", round);
    }
    expect(seen).toEqual(ids);
    expect(await world.runs("other")).toHaveLength(ids.length);
  } finally {
    for (const daemon of daemons) await daemon.close();
    daemons = [];
    for (const each of own) await each.close();
    storage = before;
  }
});
