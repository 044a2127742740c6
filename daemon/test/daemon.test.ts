import { type InstigatorId, type Storage, submitRun, type Tick, Unavailable } from "@dagster-operator/engine";
import { eventually, ManualClock, MemoryWorkspace } from "@dagster-operator/engine/testing";
import {
  Definitions,
  type JobDefinition,
  job,
  op,
  RunRequest,
  SkipReason,
  schedule,
  sensor,
  z,
} from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";
import { openMemoryStorage, type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, type DaemonOptions, startDaemon } from "../src/index.ts";

const log = pino({ level: "silent" });
const NOON = Date.parse("2026-03-10T12:00:00Z");
const idle = op("idle", () => 1);
const work = job("work", () => void idle());
const factor = op("factor", { config: z.object({ n: z.number() }) }, () => 1);
const configured = job("configured", () => void factor());

/** Storage, clock, workspace and daemons of one test; each test has a location of its own, so they may share a database. */
class World {
  readonly clock = new ManualClock(NOON);
  readonly workspace = new MemoryWorkspace();
  readonly registry = new Registry();
  readonly daemons: Daemon[] = [];
  readonly storage: Storage;
  readonly location: string;

  constructor(storage: Storage, location: string) {
    this.storage = storage;
    this.location = location;
  }

  start(over: Partial<DaemonOptions> = {}): Daemon {
    const { storage, workspace, clock, registry } = this;
    const daemon = startDaemon({
      storage,
      workspace,
      clock,
      log,
      metrics: registry,
      loops: ["schedule", "sensor"],
      ...over,
    });
    this.daemons.push(daemon);
    return daemon;
  }

  serve(definitions: ConstructorParameters<typeof Definitions>[0]): void {
    this.workspace.set(this.location, new Definitions(definitions));
  }

  id(kind: InstigatorId["kind"], name: string): InstigatorId {
    return { kind, location: this.location, name };
  }

  /** Closed ticks, oldest first, once there are this many. */
  ticks(kind: InstigatorId["kind"], name: string, count: number): Promise<Tick[]> {
    return eventually(`${name} has ${count} ticks`, async () => {
      const ticks = await this.storage.ticks.ticks(this.id(kind, name), { limit: 100 });
      const closed = ticks.filter(({ status }) => status !== "STARTED").reverse();
      return closed.length >= count ? closed : null;
    });
  }

  runs() {
    return this.storage.runs.list({ location: this.location }, { limit: 1000, ascending: true });
  }

  /** Resolves when every loop has gone round once more. */
  async settled(daemon: Daemon): Promise<void> {
    const before = this.clock.now();
    await eventually("the loops look again", () =>
      daemon.health().every(({ lastIterationAt }) => lastIterationAt !== null && lastIterationAt >= before),
    );
  }

  async close(): Promise<void> {
    for (const daemon of this.daemons) await daemon.close();
  }
}

let storage: Storage;
let world: World;
let count = 0;
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterEach(() => world.close());
afterAll(() => storage.close());
const fresh = (): World => {
  count += 1;
  world = new World(storage, `location${count}`);
  return world;
};
const hourly = (over: object = {}) =>
  schedule("hourly", { job: work, cron: "0 * * * *", defaultStatus: "RUNNING", ...over });

describe("schedules", () => {
  test("a schedule makes one run at each of its times, with Dagster's tags", async () => {
    const { clock, location } = fresh();
    world.serve({ jobs: [work], schedules: [hourly({ tags: { team: "data" } })] });
    world.start();
    const [first] = await world.ticks("SCHEDULE", "hourly", 1);
    expect(first).toMatchObject({ status: "SUCCESS", at: NOON });
    clock.advance(3_600_000);
    await world.ticks("SCHEDULE", "hourly", 2);
    const runs = await world.runs();
    expect(runs).toHaveLength(2);
    expect(runs[1]).toMatchObject({
      job: "work",
      status: "QUEUED",
      idempotencyKey: `schedule:${location}:hourly:${NOON + 3_600_000}`,
      tags: {
        team: "data",
        "dagster/schedule_name": "hourly",
        ".dagster/scheduled_execution_time": "2026-03-10T13:00:00.000Z",
      },
    });
    expect(await world.registry.metrics()).toContain(
      'dagster_ticks_total{kind="SCHEDULE",status="SUCCESS"} 2',
    );
  });

  test("a schedule that nobody switched on does nothing, and begins with its next time when somebody does", async () => {
    const { clock } = fresh();
    world.serve({ jobs: [work], schedules: [hourly({ defaultStatus: "STOPPED" })] });
    const daemon = world.start();
    await world.settled(daemon);
    clock.advance(5 * 3_600_000 + 60_000);
    await world.storage.ticks.setStatus(world.id("SCHEDULE", "hourly"), "RUNNING", clock.now());
    await world.settled(daemon);
    expect(await world.runs()).toEqual([]);
    clock.advanceTo("2026-03-10T18:00:00Z");
    await world.ticks("SCHEDULE", "hourly", 1);
    expect(await world.runs()).toHaveLength(1);
  });

  test("after a time away only the latest tick is made up for", async () => {
    const { clock } = fresh();
    world.serve({ jobs: [work], schedules: [hourly()] });
    const daemon = world.start();
    await world.ticks("SCHEDULE", "hourly", 1);
    await daemon.close();
    clock.advance(10 * 3_600_000);
    world.start();
    const ticks = await world.ticks("SCHEDULE", "hourly", 2);
    expect(ticks.map(({ at }) => at)).toEqual([NOON, NOON + 10 * 3_600_000]);
  });

  test("while the location is away its tick waits, and is neither lost nor failed", async () => {
    const { clock } = fresh();
    world.serve({ jobs: [work], schedules: [hourly()] });
    const daemon = world.start();
    await world.ticks("SCHEDULE", "hourly", 1);
    world.workspace.change(world.location, { state: "ERROR" });
    clock.advance(3_600_000);
    await world.settled(daemon);
    expect(await world.ticks("SCHEDULE", "hourly", 1)).toHaveLength(1);
    await world.workspace.reload(world.location);
    const ticks = await world.ticks("SCHEDULE", "hourly", 2);
    expect(ticks[1]).toMatchObject({ status: "SUCCESS", at: NOON + 3_600_000 });
  });

  test("a code server that goes away in the middle of an evaluation leaves its tick due", async () => {
    fresh();
    world.serve({ jobs: [work], schedules: [hourly()] });
    const code = world.workspace.get(world.location)?.code ?? null;
    let asked = 0;
    const dying = code && {
      ...code,
      validateRunConfig: async () => {
        asked += 1;
        throw new Unavailable("the code server went away");
      },
    };
    world.workspace.change(world.location, { code: dying });
    world.start();
    await eventually("it was asked", () => asked > 0);
    await eventually("the tick is given up", async () => {
      return (await storage.ticks.ticks(world.id("SCHEDULE", "hourly"), { limit: 10 })).length === 0;
    });
    world.workspace.change(world.location, { code });
    const [tick] = await world.ticks("SCHEDULE", "hourly", 1);
    expect(tick).toMatchObject({ status: "SUCCESS", at: NOON });
    expect(await world.runs()).toHaveLength(1);
  });

  test("config that does not fit is a failed tick that names its path, and the next tick comes all the same", async () => {
    const { clock } = fresh();
    const evaluate = () => new RunRequest({ runConfig: { ops: { factor: { config: { n: "x" } } } } });
    const options = { job: configured, cron: "0 * * * *", defaultStatus: "RUNNING" } as const;
    world.serve({ jobs: [configured], schedules: [schedule("hourly", options, evaluate)] });
    world.start();
    const [tick] = await world.ticks("SCHEDULE", "hourly", 1);
    expect(tick).toMatchObject({ status: "FAILURE", runIds: [] });
    expect(tick?.error?.message).toContain("ops.factor.config.n");
    clock.advance(3_600_000);
    expect(await world.ticks("SCHEDULE", "hourly", 2)).toHaveLength(2);
  });
});

describe("sensors", () => {
  type Evaluate = Parameters<typeof sensor>[2];
  const serveSensor = (evaluate: Evaluate, over: { jobs?: JobDefinition[] } = {}) =>
    world.serve({
      jobs: [work, configured],
      sensors: [
        sensor(
          "watch",
          { jobs: over.jobs ?? [work], minimumInterval: 30, defaultStatus: "RUNNING" },
          evaluate,
        ),
      ],
    });

  test("a sensor is asked with its cursor each time its interval has passed, and a skip says why", async () => {
    const { clock } = fresh();
    serveSensor(({ cursor, setCursor, log: userLog }) => {
      setCursor(String(Number(cursor) + 1));
      userLog.info(`saw ${cursor}`);
      return new SkipReason("nothing new");
    });
    world.start();
    const [first] = await world.ticks("SENSOR", "watch", 1);
    expect(first).toMatchObject({
      status: "SKIPPED",
      skipReason: "nothing new",
      cursor: "1",
      logs: ["saw null"],
    });
    clock.advance(29_999);
    clock.advance(1);
    const [, second] = await world.ticks("SENSOR", "watch", 2);
    expect(second).toMatchObject({ cursor: "2", at: NOON + 30_000 });
  });

  test("a run key makes one run, ever", async () => {
    const { clock } = fresh();
    serveSensor(() => [new RunRequest({ runKey: "file-1" })]);
    world.start();
    const [first] = await world.ticks("SENSOR", "watch", 1);
    expect(first?.status).toBe("SUCCESS");
    clock.advance(30_000);
    const [, second] = await world.ticks("SENSOR", "watch", 2);
    expect(second).toMatchObject({ status: "SKIPPED", runIds: [] });
    expect(second?.skipReason).toContain("file-1");
    const runs = await world.runs();
    expect(runs.map(({ runId }) => runId)).toEqual(first?.runIds);
    expect(runs[0]?.tags).toMatchObject({ "dagster/sensor_name": "watch", "dagster/run_key": "file-1" });
  });

  test("a sensor that throws has a failed tick with the user's error, and is asked again", async () => {
    const { clock } = fresh();
    serveSensor(({ log }) => {
      log.info("looking into /data");
      throw new TypeError("no such folder");
    });
    world.start();
    const [tick] = await world.ticks("SENSOR", "watch", 1);
    expect(tick).toMatchObject({
      status: "FAILURE",
      error: { name: "TypeError", message: "no such folder" },
      logs: ["looking into /data"],
    });
    expect(tick?.error?.stack).toContain("daemon.test.ts");
    clock.advance(30_000);
    expect(await world.ticks("SENSOR", "watch", 2)).toHaveLength(2);
  });

  test("a sensor that never ends fails its tick, and holds up no other", async () => {
    fresh();
    world.serve({
      jobs: [work],
      sensors: [
        sensor("stuck", { job: work, defaultStatus: "RUNNING" }, () => new Promise<undefined>(() => {})),
        sensor("quick", { job: work, defaultStatus: "RUNNING" }, () => new SkipReason("nothing")),
      ],
    });
    world.start({ config: { evaluationTimeoutMs: 300 } });
    await world.ticks("SENSOR", "quick", 1);
    const [tick] = await world.ticks("SENSOR", "stuck", 1);
    expect(tick).toMatchObject({ status: "FAILURE" });
    expect(tick?.error?.message).toContain("given up");
  });

  test("as many sensors that hang as are evaluated at once hold up no other", async () => {
    const world = fresh();
    const hung = Promise.withResolvers<SkipReason>();
    const never = () => hung.promise;
    const asked = { minimumInterval: 3600, defaultStatus: "RUNNING" as const, jobs: [work] };
    const answers = () => new RunRequest();
    world.serve({
      jobs: [work],
      sensors: [sensor("a", asked, never), sensor("b", asked, never), sensor("c", asked, answers)],
    });
    world.start({ config: { sensorConcurrency: 2 } });
    await eventually("the first two are asked", async () => {
      const ticks = await Promise.all(
        ["a", "b"].map((name) => storage.ticks.ticks(world.id("SENSOR", name), { limit: 10 })),
      );
      return ticks.every(({ length }) => length === 1);
    });
    expect(await storage.ticks.ticks(world.id("SENSOR", "c"), { limit: 10 })).toEqual([]);
    world.clock.advance(5_000);
    expect(await world.ticks("SENSOR", "c", 1)).toMatchObject([{ status: "SUCCESS" }]);
    hung.resolve(new SkipReason("at last"));
  });

  test("one bad request of several starts no run at all", async () => {
    fresh();
    serveSensor(() => [new RunRequest({ job: work }), new RunRequest({ job: configured })], {
      jobs: [work, configured],
    });
    world.start();
    const [tick] = await world.ticks("SENSOR", "watch", 1);
    expect(tick?.error?.message).toContain("factor");
    expect(await world.runs()).toEqual([]);
  });

  test("dynamic partitions that it asks for are there before its runs", async () => {
    fresh();
    serveSensor(({ dynamicPartitions }) => {
      dynamicPartitions.add(`${world.location}-files`, ["a", "b"]);
      return new SkipReason("only partitions");
    });
    world.start();
    const [tick] = await world.ticks("SENSOR", "watch", 1);
    expect(tick?.logs).toEqual([`partitions added to ${world.location}-files: a, b`]);
    expect(await world.storage.assets.dynamicPartitions(`${world.location}-files`)).toEqual(["a", "b"]);
  });
});

describe("the loops", () => {
  test("each loop says in storage that it lives", async () => {
    const own = await openMemoryStorage();
    const { clock } = fresh();
    const daemon = world.start({ storage: own });
    const beats = await eventually("both beat", async () => {
      clock.advance(1_000);
      const all = await own.heartbeats.list();
      return all.length === 2 && all;
    });
    expect(beats.map(({ type, error }) => [type, error])).toEqual([
      ["SCHEDULER", null],
      ["SENSOR", null],
    ]);
    await daemon.close();
    await own.close();
    expect(new Set(beats.map(({ owner }) => owner)).size).toBe(1);
  });

  test("a fault is told by health, and the loop goes on when it is over", async () => {
    fresh();
    world.serve({ jobs: [work], schedules: [hourly()] });
    let away = true;
    const ticks: Storage["ticks"] = {
      ...storage.ticks,
      states: async () => {
        if (away) throw new Error("storage is away");
        return storage.ticks.states();
      },
    };
    const flaky: Storage = { ...storage, subscribe: storage.subscribe.bind(storage), ticks };
    const daemon = world.start({ storage: flaky });
    const health = await eventually("health tells of it", () => daemon.health().find(({ error }) => error));
    expect(health).toMatchObject({
      name: "schedule",
      lastIterationAt: null,
      error: { message: "storage is away" },
    });
    away = false;
    await eventually("it is well again", () => {
      world.clock.advance(1000);
      return daemon.health().every(({ error, lastIterationAt }) => !error && lastIterationAt !== null);
    });
    world.clock.advanceTo("2026-03-10T13:00:00Z");
    expect(await world.ticks("SCHEDULE", "hourly", 1)).toHaveLength(1);
  });

  test("the queue loop starts what the limits allow, and the next one when a run ends", async () => {
    for (const { runId } of await storage.runs.list({ statuses: ["QUEUED"] }, { limit: 1000 })) {
      await storage.runs.cancel(runId);
    }
    fresh();
    serveRequests(3);
    world.start({ loops: ["queue", "sensor"], config: { queue: { maxConcurrentRuns: 2, tagLimits: [] } } });
    const starting = (count: number) =>
      eventually(`${count} are starting`, async () => {
        const runs = await world.runs();
        return runs.filter(({ status }) => status === "STARTING").length === count ? runs : null;
      });
    const [first] = await starting(2);
    expect((await world.runs()).map(({ status }) => status)).toEqual(["STARTING", "STARTING", "QUEUED"]);
    await storage.runs.cancel(first?.runId ?? "", { force: true });
    const after = await starting(2);
    expect(after.map(({ status }) => status)).toEqual(["CANCELED", "STARTING", "STARTING"]);
    expect(await world.registry.metrics()).toContain("dagster_runs_dequeued_total 3");
    // Told after the runs are taken.
    await eventually("nothing waits", async () =>
      (await world.registry.metrics()).includes("dagster_queue_depth 0"),
    );
  });

  function serveRequests(runs: number): void {
    const requests = Array.from(
      { length: runs },
      (_, n) => new RunRequest({ runKey: String(n), tags: { test: world.location } }),
    );
    world.serve({
      jobs: [work],
      sensors: [sensor("ask", { job: work, defaultStatus: "RUNNING" }, () => requests)],
    });
  }
});

describe("several daemons on one Postgres", () => {
  let database: TestDatabase;
  let shared: Storage;
  beforeAll(async () => {
    database = await withPostgres();
    shared = await openStorage(database.url);
  });
  afterAll(async () => {
    await shared.close();
    await database.drop();
  });

  test("make one tick and one run of each scheduled time, and one run of a sensor's request", async () => {
    world = new World(shared, "shared");
    world.serve({
      jobs: [work],
      schedules: [hourly()],
      sensors: [
        sensor("ask", { job: work, defaultStatus: "RUNNING" }, () => [new RunRequest({ runKey: "once" })]),
      ],
    });
    for (let n = 0; n < 3; n++) world.start();
    await world.ticks("SCHEDULE", "hourly", 1);
    for (let hour = 2; hour <= 4; hour++) {
      world.clock.advance(3_600_000);
      await world.ticks("SCHEDULE", "hourly", hour);
    }
    await world.close();
    const ticks = await world.ticks("SCHEDULE", "hourly", 4);
    expect(ticks.map(({ at }) => (at - NOON) / 3_600_000)).toEqual([0, 1, 2, 3]);
    const keys = (await world.runs()).map(({ idempotencyKey }) => idempotencyKey).sort();
    const hours = [0, 1, 2, 3].map((hour) => `schedule:shared:hourly:${NOON + hour * 3_600_000}`);
    expect(keys).toEqual([...hours, "sensor:shared:ask:once"]);
  });

  test("a tick whose daemon died is taken over after its lease, with the run that it had already made", async () => {
    world = new World(shared, "dying");
    world.serve({ jobs: [work], schedules: [hourly()] });
    const id = world.id("SCHEDULE", "hourly");
    await shared.ticks.ensure([id], NOON);
    const dead = await shared.ticks.begin(id, NOON, "dead", 90_000, NOON);
    const newId = () => "11111111-1111-4111-8111-111111111111";
    await submitRun(
      { storage: shared, workspace: world.workspace, now: () => NOON, newId },
      {
        location: "dying",
        job: "work",
        idempotencyKey: `schedule:dying:hourly:${NOON}`,
        origin: { kind: "SCHEDULE", name: "hourly", tickId: dead?.id ?? 0, at: NOON },
      },
    );
    const daemon = world.start();
    await world.settled(daemon);
    world.clock.advance(120_000);
    await eventually("the tick is taken over", async () => {
      world.clock.advance(1000);
      const [newest] = await shared.ticks.ticks(id, { limit: 1 });
      return newest?.endedAt;
    });
    const [tick] = await world.ticks("SCHEDULE", "hourly", 1);
    expect(tick).toMatchObject({ id: dead?.id, status: "SUCCESS", runIds: [newId()] });
    expect(await world.runs()).toHaveLength(1);
  });
});
