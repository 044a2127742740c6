import type { LocationEntry, Tick } from "@dagster-operator/engine";
import { snapshotOf } from "@dagster-operator/engine/testing";
import { asset, Definitions, job, op, schedule, sensor } from "@dagster-operator/sdk";
import { extendWhatFits } from "@dagster-operator/sdk/internal";
import { describe, expect, test } from "@jest/globals";
import { type Claim, claimsOf, locationObjects } from "../src/definitions/claims.ts";
import { instigatorEvents, instigatorStatus, wantedState } from "../src/definitions/instigator.ts";
import { isAsWanted, mirrorName, mirrorsOf } from "../src/definitions/mirrors.ts";
import type { JobObject, ScheduleObject, SensorObject } from "../src/definitions/objects.ts";
import { validityOf } from "../src/definitions/validity.ts";

const OWNER = { name: "shop", namespace: "data", uid: "uid-shop" };
const mirrorMeta = {
  ownerReferences: [
    {
      apiVersion: "dagster-operator.io/v1alpha1",
      kind: "CodeLocation",
      name: "shop",
      uid: "uid-shop",
      controller: true,
    },
  ],
};
let age = 0;
const meta = (name: string, more: object = {}) => ({
  name,
  namespace: "data",
  uid: `uid-${name}`,
  generation: 1,
  creationTimestamp: new Date(1_700_000_000_000 + 1000 * age++).toISOString(),
  ...more,
});
const jobObject = (name: string, spec: JobObject["spec"], more: object = {}): JobObject => ({
  metadata: meta(name, more),
  spec,
});
const scheduleObject = (name: string, spec: ScheduleObject["spec"], more: object = {}): ScheduleObject => ({
  metadata: meta(name, more),
  spec,
});
const sensorObject = (name: string, spec: SensorObject["spec"], more: object = {}): SensorObject => ({
  metadata: meta(name, more),
  spec,
});
const claims = (jobs: JobObject[] = [], schedules: ScheduleObject[] = [], sensors: SensorObject[] = []) =>
  claimsOf({ jobs, schedules, sensors });

const one = op("one", () => 1);
const nightly = job("nightly", () => void one());
const code = new Definitions({
  assets: [asset("revenue", {}, () => 1)],
  jobs: [nightly],
  schedules: [schedule("every_hour", { job: nightly, cron: "0 * * * *" })],
  sensors: [sensor("watch", { job: nightly }, () => [])],
});

describe("what objects make of a location", () => {
  test("jobs and schedules become definitions, suspend holds, pods are by job", () => {
    const all = claims(
      [
        jobObject("my-job", {
          codeLocation: "shop",
          job: "nightly",
          podTemplate: { nodeSelector: { a: "b" } },
        }),
      ],
      [
        scheduleObject("on.the-hour", { jobRef: { name: "my-job" }, cron: "0 * * * *", executor: "k8s_job" }),
        scheduleObject("every-hour", { codeLocation: "shop", suspend: true }),
      ],
      [sensorObject("watch", { codeLocation: "shop", suspend: false })],
    );
    expect(locationObjects(all, "shop")).toEqual({
      extra: {
        jobs: [
          { name: "my_job", target: { job: "nightly" }, tags: {}, source: "Job data/my-job" },
          {
            name: "on_the_hour_run",
            description: "What Schedule on.the-hour runs",
            target: { job: "my_job" },
            tags: {},
            executor: "k8s_job",
            source: "Schedule data/on.the-hour",
          },
        ],
        schedules: [
          {
            name: "on_the_hour",
            job: "on_the_hour_run",
            cron: ["0 * * * *"],
            tags: {},
            status: "RUNNING",
            source: "Schedule data/on.the-hour",
          },
        ],
      },
      pods: { my_job: { nodeSelector: { a: "b" } }, on_the_hour_run: { nodeSelector: { a: "b" } } },
      held: { "SCHEDULE:every-hour": "Schedule data/every-hour", "SENSOR:watch": "Sensor data/watch" },
    });
    expect(locationObjects(all, "elsewhere")).toBeNull();
  });

  test("a schedule over a mirror runs the job of the code; mirrors add nothing", () => {
    const all = claims(
      [jobObject("shop-nightly", { codeLocation: "shop", job: "nightly" }, mirrorMeta)],
      [scheduleObject("mine", { jobRef: { name: "shop-nightly" }, cron: "0 4 * * *" })],
    );
    const objects = locationObjects(all, "shop");
    expect(objects?.extra.jobs).toEqual([]);
    expect(objects?.extra.schedules).toMatchObject([{ name: "mine", job: "nightly" }]);
  });

  test("a sensor of another interval and a schedule that catches up are so in what is served", () => {
    const all = claims(
      [],
      [
        scheduleObject("late", {
          codeLocation: "shop",
          job: "nightly",
          cron: "* * * * *",
          catchUp: { maxTicks: 2 },
        }),
      ],
      [
        sensorObject("WATCH", { codeLocation: "shop", minimumInterval: 5 }),
        sensorObject("gone", { codeLocation: "shop", minimumInterval: 5 }),
      ],
    );
    const { extra } = locationObjects(all, "shop") ?? { extra: { jobs: [], schedules: [] } };
    const { snapshot } = extendWhatFits(code, extra);
    expect(snapshot.schedules.find(({ name }) => name === "late")?.catchUp).toEqual({ maxTicks: 2 });
    expect(snapshot.sensors.map(({ name, minimumInterval }) => [name, minimumInterval])).toEqual([
      ["watch", 5],
    ]);
    expect(snapshot.extended?.refused.map(({ kind, name }) => [kind, name])).toEqual([["sensor", "gone"]]);
  });

  test("of two objects of one name the older has it", () => {
    const all = claims([
      jobObject("a-b", { codeLocation: "shop", job: "nightly" }),
      jobObject("a.b", { codeLocation: "shop", job: "nightly" }),
    ]);
    expect(all.map(({ trouble }) => trouble?.reason ?? null)).toEqual([null, "NameTaken"]);
    expect(locationObjects(all, "shop")?.extra.jobs).toHaveLength(1);
  });
});

describe("validity", () => {
  const entryOf = (all: Claim[]): LocationEntry => {
    const objects = locationObjects(all, "shop");
    const snapshot = objects ? extendWhatFits(code, objects.extra).snapshot : snapshotOf(code);
    return {
      name: "shop",
      state: "LOADED",
      snapshot,
      error: null,
      updatedAt: 0,
      source: {},
      codeVersion: null,
      code: null,
    };
  };
  const reasons = (all: Claim[]) => {
    const entry = entryOf(all);
    const hash = entry.snapshot?.extended?.extraHash ?? null;
    return all.map((claim) =>
      validityOf(claim, "shop", entry, hash)?.conditions.map(
        ({ type, status, reason }) => `${type} ${status} ${reason}`,
      ),
    );
  };

  test("one that does not fit says so, the others are valid; one that stands in for the code's has a clash", () => {
    const all = claims(
      [
        jobObject("bad", { codeLocation: "shop", job: "nothing" }),
        jobObject("nightly", { codeLocation: "shop", job: "nightly", tags: { a: "b" } }),
      ],
      [
        scheduleObject("over-bad", { jobRef: { name: "bad" }, cron: "0 * * * *" }),
        scheduleObject("bad-assets", { codeLocation: "shop", assetSelection: "nothing", cron: "0 * * * *" }),
        scheduleObject("fine", { codeLocation: "shop", assetSelection: "revenue", cron: "0 * * * *" }),
        scheduleObject("Every-Hour", { codeLocation: "shop" }),
      ],
      [sensorObject("gone", { codeLocation: "shop" })],
    );
    expect(reasons(all)).toEqual([
      ["Ready False DoesNotFit"],
      ["Ready True Valid", "Clash True StandsInForCode"],
      ["Ready False DoesNotFit"],
      ["Ready False DoesNotFit"],
      ["Ready True Valid"],
      ["Ready True Valid"],
      ["Ready False NotInCode"],
    ]);
  });

  test("what is served before the objects are in it says nothing, unless the location is away", () => {
    const [claim] = claims([jobObject("mine", { codeLocation: "shop", job: "nightly" })]);
    if (!claim) throw new Error("there is a claim");
    const entry = entryOf([]);
    expect(validityOf(claim, "shop", entry, "hash")).toBeNull();
    const away = { ...entry, state: "ERROR" as const, error: { name: "Unavailable", message: "no answer" } };
    expect(validityOf(claim, "shop", away, "hash")?.conditions[0]).toMatchObject({
      status: "Unknown",
      reason: "CodeLocationUnavailable",
    });
    expect(validityOf(claim, "shop", null, "hash")?.conditions[0]).toMatchObject({
      reason: "CodeLocationNotFound",
    });
  });
});

describe("mirrors", () => {
  const names = (all: Claim[]) =>
    mirrorsOf(OWNER, snapshotOf(code), all).map(({ kind, object }) => `${kind} ${object.metadata.name}`);

  test("one for each definition of the code; what a person's object is about has none", () => {
    expect(names([])).toEqual(["Job shop-nightly", "Schedule shop-every-hour", "Sensor shop-watch"]);
    const mine = claims(
      [jobObject("nightly", { codeLocation: "shop", job: "nightly" })],
      [scheduleObject("x", { codeLocation: "shop", schedule: "every_hour" })],
    );
    expect(names(mine)).toEqual(["Sensor shop-watch"]);
  });

  test("a name that a person has taken for something else is left to them", () => {
    const mine = claims([jobObject("shop-nightly", { codeLocation: "other", job: "x" })]);
    expect(names(mine)[0]).toMatch(/^Job shop-nightly-[0-9a-f]{8}$/);
  });

  test("names are names of Kubernetes, and different for different definitions", () => {
    expect(mirrorName("shop", "daily_sales")).toBe("shop-daily-sales");
    const made = ["Daily_Sales", "daily_sales", "x_", "a".repeat(300)].map((name) =>
      mirrorName("shop", name),
    );
    expect(new Set(made).size).toBe(4);
    for (const name of made) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/);
  });

  test("a mirror is left alone when it is as wanted, whatever a person's suspend says", () => {
    const [mirror] = mirrorsOf(OWNER, snapshotOf(code), []);
    if (!mirror) throw new Error("there is a mirror");
    const { metadata, spec } = mirror.object;
    expect(isAsWanted({ metadata, spec: { ...spec, suspend: true } }, mirror.object)).toBe(true);
    expect(isAsWanted({ metadata, spec: { ...spec, tags: { a: "b" } } }, mirror.object)).toBe(false);
    expect(isAsWanted({ metadata: { ...metadata, labels: {} }, spec }, mirror.object)).toBe(false);
  });
});

describe("switches and ticks", () => {
  const state = (status: "RUNNING" | "STOPPED" | null) => ({ status });

  test("suspend holds; without it nothing is switched, but what it held is given back", () => {
    const plain = sensorObject("s", { codeLocation: "shop" });
    const held = sensorObject("s", { codeLocation: "shop", suspend: true });
    expect(wantedState(held, null, false)).toBe("STOPPED");
    expect(wantedState(held, state("STOPPED"), false)).toBeUndefined();
    expect(wantedState(held, state("RUNNING"), false)).toBe("STOPPED");
    expect(wantedState(plain, state("STOPPED"), false)).toBeUndefined();
    expect(wantedState({ ...plain, status: { suspend: true } }, state("STOPPED"), false)).toBeNull();
  });

  test("a new schedule of its own forgets what one of its name was switched to before", () => {
    const own = scheduleObject("s", { codeLocation: "shop", job: "nightly", cron: "0 * * * *" });
    expect(wantedState(own, state("STOPPED"), true)).toBeNull();
    expect(
      wantedState({ ...own, status: { observedGeneration: 1 } }, state("STOPPED"), true),
    ).toBeUndefined();
  });

  const tick = (over: Partial<Tick>): Tick => ({
    id: 1,
    kind: "SENSOR",
    location: "shop",
    name: "watch",
    status: "SKIPPED",
    at: 1_000_000,
    startedAt: 1_000_000,
    endedAt: 1_000_001,
    runIds: [],
    originRunIds: [],
    dynamicPartitions: [],
    skipReason: "nothing new",
    error: null,
    cursor: null,
    logs: [],
    ...over,
  });
  const seen = (object: SensorObject, newest: Tick) =>
    instigatorStatus({
      object,
      definition: { name: "watch", defaultStatus: "RUNNING" },
      state: null,
      tick: newest,
    });

  test("a sensor that skips again and again is told once a minute, anything else at once", () => {
    const object = sensorObject("s", { codeLocation: "shop" });
    const first = seen(object, tick({}));
    const told = { ...object, status: first };
    expect(seen(told, tick({ at: 1_059_000 }))).toEqual(first);
    expect(seen(told, tick({ at: 1_060_000 })).lastTick?.time).not.toBe(first.lastTick?.time);
    expect(seen(told, tick({ at: 1_001_000, skipReason: "other" })).lastTick?.skipReason).toBe("other");
    const failed = seen(
      told,
      tick({ at: 1_002_000, status: "FAILURE", error: { name: "E", message: "broken" } }),
    );
    expect(failed).toMatchObject({ lastError: "broken", lastTick: { status: "FAILURE" } });
    expect(instigatorEvents(first, failed)).toMatchObject([{ type: "Warning", reason: "TickFailed" }]);
    const ran = seen(told, tick({ at: 1_003_000, status: "SUCCESS", runIds: ["r1"], skipReason: null }));
    expect(instigatorEvents(first, ran)).toMatchObject([{ type: "Normal", reason: "RunsRequested" }]);
    expect(instigatorEvents(ran, ran)).toEqual([]);
  });
});
