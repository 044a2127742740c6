import { type Storage, type Tick, Unavailable } from "@dagster-operator/engine";
import {
  eventually,
  exampleEvent,
  ManualClock,
  MemoryWorkspace,
  materialization,
  planEvent,
} from "@dagster-operator/engine/testing";
import {
  AutomationCondition,
  asset,
  assetCheck,
  automationConditionSensor,
  Definitions,
  dailyPartitions,
  z,
} from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";
import { openMemoryStorage, type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, startDaemon } from "../src/index.ts";

const NOON = Date.parse("2026-01-05T12:00:00Z");
const SENSOR = "default_automation_condition_sensor";
let count = 0;

class World {
  readonly clock = new ManualClock(NOON);
  readonly workspace = new MemoryWorkspace();
  readonly daemons: Daemon[] = [];
  readonly location = `automation${++count}`;
  readonly storage: Storage;
  constructor(storage: Storage) {
    this.storage = storage;
  }
  async serve(definitions: ConstructorParameters<typeof Definitions>[0], sensor = SENSOR): Promise<void> {
    this.workspace.set(this.location, new Definitions(definitions));
    await this.storage.ticks.setStatus(this.id(sensor), "RUNNING", NOON);
  }
  id(name = SENSOR) {
    return { kind: "SENSOR" as const, location: this.location, name };
  }
  start(storage = this.storage): Daemon {
    const { workspace, clock } = this;
    const log = pino({ level: "silent" });
    const daemon = startDaemon({
      storage,
      workspace,
      clock,
      log,
      metrics: new Registry(),
      loops: ["sensor"],
    });
    this.daemons.push(daemon);
    return daemon;
  }
  ticks(wanted: number, name = SENSOR): Promise<Tick[]> {
    return eventually(`${name} has ${wanted} ticks`, async () => {
      const all = await this.storage.ticks.ticks(this.id(name), { limit: 100 });
      const closed = all.filter(({ status }) => status !== "STARTED").reverse();
      return closed.length >= wanted ? closed : null;
    });
  }
  /** The next evaluation. */
  async next(name = SENSOR): Promise<Tick> {
    const before = (await this.storage.ticks.ticks(this.id(name), { limit: 100 })).length;
    this.clock.advance(30_000);
    return (await this.ticks(before + 1, name)).at(-1) as Tick;
  }
  runs() {
    return this.storage.runs.list({ location: this.location }, { limit: 1000, ascending: true });
  }
  made(asset: string[], partition?: string) {
    const ts = this.clock.now();
    return this.storage.assets.reportExternal(
      materialization(asset, { ts, ...(partition ? { partition } : {}) }),
    );
  }
  async close() {
    for (const daemon of this.daemons) await daemon.close();
  }
}

let storage: Storage;
let world: World;
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterEach(() => world.close());
afterAll(() => storage.close());

const chain = (prefix: string) => {
  const a = asset(`${prefix}/a`, () => 1);
  const b = asset(`${prefix}/b`, { deps: [a], automationCondition: AutomationCondition.eager() }, () => 1);
  const c = asset(`${prefix}/c`, { deps: [b], automationCondition: AutomationCondition.eager() }, () => 1);
  return [a, b, c];
};

test("what depends on each other is one run, with Dagster's tags, and the history says why", async () => {
  world = new World(storage);
  await world.serve({ assets: chain("one") });
  world.start();
  expect((await world.ticks(1))[0]).toMatchObject({
    status: "SKIPPED",
    cursor: "1",
    skipReason: "nothing to request: 2 conditions were evaluated",
  });
  await world.made(["one", "a"]);
  const tick = await world.next();
  const [run, ...others] = await world.runs();
  expect(others).toEqual([]);
  expect(tick).toMatchObject({ status: "SUCCESS", runIds: [run?.runId], cursor: "2" });
  expect(run).toMatchObject({
    job: "__ASSET_JOB",
    assets: [
      ["one", "b"],
      ["one", "c"],
    ],
    tags: {
      "dagster/auto_materialize": "true",
      "dagster/from_automation_condition": "true",
      "dagster/asset_evaluation_id": "2",
      "dagster/sensor_name": SENSOR,
    },
  });
  expect(await world.next()).toMatchObject({ status: "SKIPPED" });
  const records = await storage.automation.records(world.location, { asset: ["one", "b"] }, { limit: 10 });
  expect(records.map(({ evaluationId, requested }) => [evaluationId, requested])).toEqual([
    [3, 0],
    [2, 1],
    [1, 0],
  ]);
  expect(records[1]?.runIds).toEqual([run?.runId]);
  // In the next one nothing is newly requested; then nothing changes any more, so nothing is kept any more.
  for (let n = 0; n < 4; n++) await world.next();
  expect(
    await storage.automation.records(world.location, { asset: ["one", "b"] }, { limit: 10 }),
  ).toHaveLength(4);
});

test("a check is run by itself, or with its asset when both are requested; its asset then leaves it to its condition", async () => {
  world = new World(storage);
  const [eager, on] = [AutomationCondition.eager(), AutomationCondition.newlyUpdated()];
  const a = asset("checked/a", () => 1);
  const b = asset("checked/b", { deps: [a], automationCondition: eager }, () => 1);
  const rows = assetCheck("rows", { asset: a, automationCondition: eager }, () => true);
  const sums = assetCheck("sums", { asset: b, automationCondition: on }, () => true);
  const other = assetCheck("other", { asset: b }, () => true);
  await world.serve({ assets: [a, b], checks: [rows, sums, other] });
  world.start();
  await world.ticks(1);
  await world.made(["checked", "a"]);
  await world.next();
  const [run, ...others] = await world.runs();
  expect(others).toEqual([]);
  expect(run?.assets).toEqual([["checked", "b"]]);
  expect(run?.checks).toEqual([
    { asset: ["checked", "a"], name: "rows" },
    { asset: ["checked", "b"], name: "other" },
  ]);
  const of = { asset: ["checked", "a"], check: "rows" };
  const [, record] = await storage.automation
    .records(world.location, of, { limit: 2 })
    .then((all) => [null, ...all]);
  expect(record).toMatchObject({ ...of, requested: 1, runIds: [run?.runId] });
  expect(record?.root.label).toBe("eager");
  // It waits in the queue, so it is in progress: a new parcel does not ask for it again.
  await world.made(["checked", "a"]);
  await world.next();
  expect(await world.runs()).toHaveLength(1);
});

test("a run that waits in the queue is in progress: it is not asked for again", async () => {
  world = new World(storage);
  const a = asset(
    "two/a",
    { automationCondition: AutomationCondition.missing().and(AutomationCondition.inProgress().not()) },
    () => 1,
  );
  await world.serve({ assets: [a] });
  world.start();
  await world.ticks(1);
  await world.next();
  await world.next();
  const [run, ...others] = await world.runs();
  expect(others).toEqual([]);
  const runId = run?.runId ?? "";
  await storage.events.report(runId, [exampleEvent("RUN_STARTING", {}), planEvent([["two", "a"]])]);
  await world.next();
  expect(await world.runs()).toHaveLength(1);
  await storage.events.report(runId, [exampleEvent("RUN_FAILURE", {})]);
  await world.next();
  expect(await world.runs()).toHaveLength(2);
});

test("each partition is a run of its own, or a range where the backfill policy says so", async () => {
  world = new World(storage);
  const days = dailyPartitions({ start: "2026-01-01" });
  const automationCondition = AutomationCondition.missing();
  const each = asset("three/each", { partitions: days, automationCondition }, () => 1);
  const ranged = asset(
    "three/ranged",
    { partitions: days, automationCondition, backfillPolicy: { maxPartitionsPerRun: 3 } },
    () => 1,
  );
  await world.serve({ assets: [each, ranged] });
  world.start();
  await world.ticks(1);
  const runs = await world.runs();
  const of = (name: string) =>
    runs.filter(({ assets }) => assets?.[0]?.[1] === name).map(({ partition }) => partition);
  expect(of("each")).toEqual(["01", "02", "03", "04"].map((day) => ({ key: `2026-01-${day}` })));
  expect(of("ranged")).toEqual([{ start: "2026-01-01", end: "2026-01-03" }, { key: "2026-01-04" }]);
});

test("a request that no run can be made of fails the tick and does not hold the others", async () => {
  world = new World(storage);
  const automationCondition = AutomationCondition.missing().newlyTrue();
  const days = dailyPartitions({ start: "2026-01-01" });
  const needy = asset("four/needy", { config: z.object({ n: z.number() }), automationCondition }, () => 1);
  const plain = asset(
    "four/plain",
    {
      partitions: days,
      automationCondition: AutomationCondition.inLatestTimeWindow().and(automationCondition),
    },
    () => 1,
  );
  await world.serve({ assets: [needy, plain] });
  world.start();
  const [tick] = await world.ticks(1);
  expect(tick?.status).toBe("FAILURE");
  expect(tick?.error?.message).toContain("ops.four__needy.config");
  expect((await world.runs()).map(({ assets }) => assets)).toEqual([[["four", "plain"]]]);
  expect((await world.next()).status).toBe("SKIPPED");
});

test("a code location that goes away between the decision and the runs loses none, and makes none twice", async () => {
  world = new World(storage);
  await world.serve({ assets: chain("five") });
  const daemon = world.start();
  await world.ticks(1);
  await world.made(["five", "a"]);
  const entry = world.workspace.get(world.location);
  const code = entry?.code as NonNullable<typeof entry>["code"];
  const away = async () => {
    throw new Unavailable("gone");
  };
  world.workspace.change(world.location, { code: { ...code, validateRunConfig: away } as never });
  world.clock.advance(30_000);
  await eventually(
    "the requests are kept",
    async () => (await storage.automation.load(world.location, SENSOR))?.pending,
  );
  expect(await world.runs()).toEqual([]);
  await daemon.close();
  world.workspace.change(world.location, { code });
  world.start();
  world.clock.advance(30_000);
  await eventually("they are runs", async () => (await world.runs()).length > 0);
  await world.ticks(2);
  await world.next();
  expect(await world.runs()).toHaveLength(1);
  expect((await storage.automation.load(world.location, SENSOR))?.pending).toBeNull();
});

test("a reset makes the next evaluation the first, under a new number", async () => {
  world = new World(storage);
  const a = asset("six/a", { automationCondition: AutomationCondition.initialEvaluation() }, () => 1);
  await world.serve({ assets: [a] });
  world.start();
  await world.ticks(1);
  expect(await world.runs()).toHaveLength(1);
  await world.next();
  expect(await world.runs()).toHaveLength(1);
  await storage.ticks.setCursor(world.id(), null);
  await world.next();
  expect(await world.runs()).toHaveLength(2);
});

test("a sensor of one's own evaluates its assets, the default one the others", async () => {
  world = new World(storage);
  const automationCondition = AutomationCondition.missing().newlyTrue();
  const x = asset("seven/x", { group: "x", automationCondition }, () => 1);
  const y = asset("seven/y", { automationCondition }, () => 1);
  const own = automationConditionSensor("own", { target: "group:x", runTags: { team: "x" } });
  await world.serve({ assets: [x, y], sensors: [own] }, "own");
  world.start();
  await world.ticks(1, "own");
  expect((await world.runs()).map(({ assets, tags }) => [assets, tags.team])).toEqual([
    [[["seven", "x"]], "x"],
  ]);
  expect(await storage.ticks.ticks(world.id(), { limit: 1 })).toEqual([]);
});

describe("several daemons on a real Postgres", () => {
  let database: TestDatabase;
  const own: Storage[] = [];
  beforeAll(async () => {
    database = await withPostgres();
    for (let n = 0; n < 3; n++) own.push(await openStorage(database.url));
  });
  afterAll(async () => {
    for (const each of own) await each.close();
    await database.drop();
  });

  test("request once what an update makes true, while daemons come and go", async () => {
    world = new World(own[0] as Storage);
    await world.serve({ assets: chain("pg") });
    for (const each of own) world.start(each);
    await world.ticks(1);
    for (let round = 1; round <= 8; round++) {
      await world.made(["pg", "a"]);
      await world.daemons.shift()?.close();
      world.start(own[round % 3]);
      await world.next();
      const runs = await world.runs();
      expect(runs).toHaveLength(round);
      const runId = runs.at(-1)?.runId ?? "";
      const made = ["b", "c"].map((name) => materialization(["pg", name], { ts: world.clock.now() }));
      const plan = planEvent([
        ["pg", "b"],
        ["pg", "c"],
      ]);
      await world.storage.events.report(runId, [
        exampleEvent("RUN_STARTING", {}),
        plan,
        ...made,
        exampleEvent("RUN_SUCCESS", {}),
      ]);
      await world.next();
      expect(await world.runs()).toHaveLength(round);
    }
  });
});
