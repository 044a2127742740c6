import { describe, expect, test } from "@jest/globals";
import { evaluateSchedule, evaluateSensor } from "../src/evaluate.ts";
import {
  asset,
  Definitions,
  dailyPartitions,
  defineAssetJob,
  dynamicPartitions as dynamic,
  evaluateTick,
  job,
  multiAssetSensor,
  op,
  RunRequest,
  resource,
  runFailureSensor,
  SkipReason,
  schedule,
  sensor,
} from "../src/index.ts";

const work = op("work", () => 1);
const nightly = job("nightly", () => void work());
const other = job("other", () => void work());
const signal = new AbortController().signal;
const at = Date.UTC(2024, 0, 2, 4);
const cron = "0 4 * * *";
const tick = { cursor: null, lastRunKey: null, lastTickTime: null, signal };

const runSchedule = (
  ...schedules: Parameters<typeof evaluateSchedule>[1] extends string ? ReturnType<typeof schedule>[] : never
) =>
  evaluateSchedule(new Definitions({ schedules }), schedules[0]?.name ?? "", { scheduledTime: at, signal });
const runSensor = (
  definition: ReturnType<typeof sensor>,
  more: Partial<Parameters<typeof evaluateSensor>[2]> = {},
) => evaluateSensor(new Definitions({ sensors: [definition] }), definition.name, { ...tick, ...more });

describe("a schedule", () => {
  test("without a function asks for one run with its run config", async () => {
    const runConfig = { ops: {} };
    expect(await runSchedule(schedule({ job: nightly, cron, runConfig }))).toEqual({
      logs: [],
      runRequests: [{ runConfig, partitionKey: undefined }],
    });
  });

  test("of a partitioned job asks for the partition that ended at the tick, and skips before there is one", async () => {
    const partitions = dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" });
    const daily = schedule({ job: job("daily", { partitions }, () => void work()), cron });
    expect(new Definitions({ schedules: [daily] }).snapshot().schedules[0]).toMatchObject({
      timezone: "Europe/Rome",
      evaluates: true,
    });
    expect((await runSchedule(daily)).runRequests).toMatchObject([{ partitionKey: "2024-01-01" }]);
    const early = { scheduledTime: Date.UTC(2024, 0, 1, 4), signal };
    expect(await evaluateSchedule(new Definitions({ schedules: [daily] }), daily.name, early)).toMatchObject({
      runRequests: [],
      skipReason: "no partition of job daily had ended at 2024-01-01T04:00:00.000Z",
    });
  });

  test("with a function gets the tick's time and may ask for several, none, or skip", async () => {
    const several = schedule(
      "s",
      { job: nightly, cron, runConfig: { ops: {} } },
      ({ scheduledTime, log }) => {
        log.info(`at ${scheduledTime.toISOString()}`);
        return [
          new RunRequest({ runKey: "a", tags: { x: "1" } }),
          new RunRequest({ runKey: "b", runConfig: { resources: {} } }),
        ];
      },
    );
    expect(await runSchedule(several)).toMatchObject({
      logs: ["at 2024-01-02T04:00:00.000Z"],
      runRequests: [
        { runKey: "a", tags: { x: "1" }, runConfig: { ops: {} } },
        { runKey: "b", runConfig: { resources: {} } },
      ],
    });
    expect(
      await runSchedule(schedule({ job: nightly, cron }, () => new SkipReason("holiday"))),
    ).toMatchObject({ skipReason: "holiday", runRequests: [] });
    expect(await runSchedule(schedule({ job: nightly, cron }, () => undefined))).toEqual({
      logs: [],
      runRequests: [],
    });
  });

  test("rejects with the user's own error, and with an error for what is no request", async () => {
    const mine = new RangeError("boom");
    await expect(runSchedule(schedule({ job: nightly, cron }, () => Promise.reject(mine)))).rejects.toBe(
      mine,
    );
    await expect(runSchedule(schedule({ job: nightly, cron }, () => 3 as never))).rejects.toThrow(
      "must give RunRequests, a SkipReason or nothing; it gave a number",
    );
  });

  test("opens its resources and closes them, also when it throws", async () => {
    const calls: string[] = [];
    const api = resource({ create: () => calls.push("open"), close: () => calls.push("close") });
    const definition = schedule({ job: nightly, cron, resources: { api } }, () => {
      throw new Error("no");
    });
    await expect(runSchedule(definition)).rejects.toThrow("no");
    expect(calls).toEqual(["open", "close"]);
  });

  test("that never answers is given up when the signal aborts", async () => {
    const cancel = new AbortController();
    const definitions = new Definitions({
      schedules: [schedule("s", { job: nightly, cron }, () => new Promise<never>(() => undefined))],
    });
    setImmediate(() => cancel.abort(new Error("60 s are over")));
    await expect(
      evaluateSchedule(definitions, "s", { scheduledTime: at, signal: cancel.signal }),
    ).rejects.toThrow("schedule s was given up: 60 s are over");
  });

  test("of an unknown name is refused with the nearest", async () => {
    const definitions = new Definitions({ schedules: [schedule("nightly_load", { job: nightly, cron })] });
    await expect(
      evaluateSchedule(definitions, "nightly_laod", { scheduledTime: at, signal }),
    ).rejects.toThrow("did you mean nightly_load?");
  });
});

describe("a sensor", () => {
  test("reads and sets its cursor and yields requests of its one job", async () => {
    const watch = sensor(
      "watch",
      { job: nightly },
      async function* ({ cursor, setCursor, lastRunKey, lastTickTime }) {
        setCursor(`${cursor}+1`);
        yield new RunRequest({ runKey: `${lastRunKey} ${lastTickTime?.toISOString()}` });
        yield [new RunRequest({ partitionKey: "p" })];
      },
    );
    expect(await runSensor(watch, { cursor: "5", lastRunKey: "k", lastTickTime: at })).toMatchObject({
      cursor: "5+1",
      runRequests: [
        { runKey: "k 2024-01-02T04:00:00.000Z", job: "nightly" },
        { partitionKey: "p", job: "nightly" },
      ],
    });
  });

  test("of several jobs must say which, and only one of its own", async () => {
    const vague = sensor("vague", { jobs: [nightly, other] }, () => new RunRequest());
    await expect(runSensor(vague)).rejects.toThrow(
      "has the jobs nightly, other, so its RunRequest must say which",
    );
    const foreign = sensor("foreign", { job: nightly }, () => new RunRequest({ job: other }));
    await expect(runSensor(foreign)).rejects.toThrow(
      "requested job other, which is not among its jobs nightly",
    );
    const right = sensor("right", { jobs: [nightly, other] }, () => new RunRequest({ job: other }));
    expect((await runSensor(right)).runRequests[0]?.job).toBe("other");
  });

  test("of assets asks for these in the implicit job", async () => {
    const a = asset("raw/a", () => 1);
    const definitions = new Definitions({
      assets: [a],
      sensors: [sensor("s", { assets: [a] }, () => new RunRequest())],
    });
    expect((await evaluateSensor(definitions, "s", tick)).runRequests).toMatchObject([
      { job: "__ASSET_JOB", assets: [["raw", "a"]] },
    ]);
  });

  test("tells which dynamic partitions to add and delete", async () => {
    const files = dynamic("files");
    const keys = sensor("keys", { job: nightly }, ({ dynamicPartitions }) => {
      dynamicPartitions.add(files, ["a", "b"]);
      dynamicPartitions.delete("files", ["b", "c"]);
      return new SkipReason("nothing to run");
    });
    expect((await runSensor(keys)).dynamicPartitions).toEqual([
      { name: "files", add: ["a"], delete: ["b", "c"] },
    ]);
  });
});

test("jobs that a schedule or sensor starts by reference belong to the definitions", () => {
  const selection = defineAssetJob("some", { selection: "a" });
  const definitions = new Definitions({
    assets: [asset("a", () => 1)],
    schedules: [schedule({ job: selection, cron })],
    sensors: [sensor("s", { job: nightly }, () => undefined)],
  });
  expect(definitions.snapshot().jobs.map(({ name }) => name)).toEqual(["some", "nightly", "__ASSET_JOB"]);
});

describe("ticks of sensors that watch something, by hand", () => {
  const refresh = job("refresh_by_hand", () => undefined);
  const orders = asset("orders_by_hand", () => 1);
  const refunds = asset("refunds_by_hand", () => 2);

  test("several assets: what is new to the cursor, and the cursor after it", async () => {
    const both = multiAssetSensor(
      "both",
      { monitoredAssets: [orders, refunds], job: refresh },
      ({ latestMaterialization, advanceAllCursors }) => {
        if (!latestMaterialization(orders) || !latestMaterialization(refunds)) return undefined;
        advanceAllCursors();
        return new RunRequest({});
      },
    );
    const materializations = [{ asset: "orders_by_hand" }, { asset: "refunds_by_hand" }];
    expect(
      (await evaluateTick(both, { materializations: materializations.slice(0, 1) })).runRequests,
    ).toEqual([]);
    const first = await evaluateTick(both, { materializations });
    expect(first.runRequests).toHaveLength(1);
    const again = await evaluateTick(both, { materializations, cursor: first.cursor ?? null });
    expect(again.runRequests).toEqual([]);
  });

  test("runs: the status of the sensor, and why a run failed", async () => {
    const alarm = runFailureSensor("alarm", { job: refresh }, ({ run, error, failedSteps, log }) => {
      log.info(`${run.job} ${error?.message} ${failedSteps.map(({ stepKey }) => stepKey)}`);
    });
    const failedSteps = [{ stepKey: "load", error: null }];
    const run = { run: { job: "nightly" }, error: new Error("away"), failedSteps };
    expect((await evaluateTick(alarm, { run })).logs).toEqual(["nightly away load"]);
    expect((await evaluateTick(alarm)).skipReason).toBe("no run got the status since the last tick");
  });
});
