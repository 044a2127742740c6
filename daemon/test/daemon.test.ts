import { type Storage, submitRun } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { RunRequest, sensor } from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";
import { openMemoryStorage, type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { fresh, hourly, NOON, storage, work, world } from "./world.ts";

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
    fresh(shared, "shared");
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
    fresh(shared, "dying");
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
