import { Unavailable } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { type JobDefinition, RunRequest, SkipReason, schedule, sensor } from "@dagster-operator/sdk";
import { describe, expect, test } from "@jest/globals";
import { configured, fresh, hourly, NOON, storage, work, world } from "./world.ts";

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
    expect(tick?.error?.stack).toContain("ticks.test.ts");
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
    const name = `${world.location}-files`;
    await world.storage.assets.addDynamicPartitions(name, ["a"]);
    serveSensor(({ dynamicPartitions }) => {
      dynamicPartitions.add(name, ["a", "b"]);
      return new SkipReason("only partitions");
    });
    world.start();
    const [tick] = await world.ticks("SENSOR", "watch", 1);
    expect(tick?.dynamicPartitions).toEqual([
      { type: "ADD_PARTITIONS", name, keys: ["a", "b"], skippedKeys: ["a"] },
    ]);
    expect(await world.storage.assets.dynamicPartitions(name)).toEqual(["a", "b"]);
  });
});
