import { describe, expect, test } from "@jest/globals";
import {
  asset,
  assetCheck,
  assetMaterialization,
  buildAssetContext,
  buildOpContext,
  dailyPartitions,
  evaluateTick,
  graphAsset,
  InvalidRunConfig,
  input,
  invoke,
  job,
  op,
  RunRequest,
  requiredResource,
  SkipReason,
  type StepContext,
  schedule,
  sensor,
  z,
} from "../src/index.ts";

const api = requiredResource<{ read(n: number): number[] }>();
const fake = { read: (n: number) => Array.from({ length: n }, (_, i) => i) };
const load = op(
  "load",
  {
    inputs: { factor: input<number>() },
    config: z.object({ limit: z.number().default(2) }),
    resources: { api },
  },
  ({ inputs, config, resources }) => resources.api.read(config.limit).map((n) => n * inputs.factor),
);

describe("contexts made by hand", () => {
  test("for a function that stands by itself, with what it did", async () => {
    const compute = async (context: StepContext<{ x: number }, { by: number }>) => {
      context.log.info("doubling");
      context.metadata({ rows: 1 });
      context.check("positive", context.inputs.x > 0);
      context.logEvent(assetMaterialization("files/out", { partition: "a" }));
      await context.dynamicPartitions.add("files", ["new"]);
      return [context.inputs.x * context.config.by, await context.dynamicPartitions.list("files")];
    };
    const context = buildAssetContext({
      inputs: { x: 2 },
      config: { by: 3 },
      assetKey: "raw/doubled",
      checks: ["positive"],
      dynamicPartitions: { files: ["old"] },
      retryNumber: 1,
    });
    expect(await compute(context)).toEqual([6, ["old", "new"]]);
    expect([context.assetKey, context.retryNumber]).toEqual([["raw", "doubled"], 1]);
    expect(context.recordedMetadata).toEqual({ rows: { type: "int", value: 1 } });
    expect(context.recordedChecks).toEqual({ positive: { passed: true } });
    expect(context.events.map(({ type }) => type)).toEqual(["LOG_MESSAGE", "ASSET_MATERIALIZATION"]);
  });

  test("know their partition and its window", () => {
    const context = buildOpContext({
      partitionKey: "2024-05-01",
      partitions: dailyPartitions({ start: "2024-01-01" }),
    });
    expect(context.partitionKey).toBe("2024-05-01");
    expect(context.partitionTimeWindow.end.toISOString()).toBe("2024-05-02T00:00:00.000Z");
    expect(() => buildOpContext({ partitionKeys: ["a", "b"] }).partitionKey).toThrow("use partitionKeys");
  });
});

describe("invoke", () => {
  test("calls an op's function with values, its config parsed", async () => {
    expect(await invoke(load, { inputs: { factor: 10 }, resources: { api: fake } })).toEqual([0, 10]);
  });

  test("says what is wrong with config, inputs and resources", async () => {
    const config = { limit: "x" };
    const wrong = invoke(load, { inputs: { factor: 1 }, config, resources: { api: fake } });
    await expect(wrong).rejects.toThrow(InvalidRunConfig);
    await expect(wrong).rejects.toThrow("ops.load.config.limit: must be a number");
    await expect(invoke(load, { resources: { api: fake } })).rejects.toThrow(
      "needs a value for its input factor",
    );
    await expect(invoke(load, { inputs: { factor: 1, x: 1 } as never })).rejects.toThrow(
      /api|has no input x/,
    );
    await expect(invoke(load, { inputs: { factor: 1 } })).rejects.toThrow("load needs the resources api");
  });

  test("calls an asset's and a check's function; a graph is refused", async () => {
    const orders = asset("orders", ({ assetKey }) => assetKey.join("/").length);
    expect(await invoke(orders)).toBe(6);
    const check = assetCheck("big", { asset: orders }, ({ value }) => value > 3);
    expect(await invoke(check, { inputs: { value: 4 } })).toBe(true);
    const one = op("one", () => 1);
    await expect(invoke(graphAsset("g", {}, () => one()))).rejects.toThrow("executeInProcess or materialize");
  });
});

describe("evaluateTick", () => {
  const nothing = op("nothing_much", () => 1);
  const work = job("work", () => {
    nothing();
  });
  const folder = requiredResource<{ list(): string[] }>();
  const inbox = sensor("inbox", { job: work, resources: { folder } }, ({ cursor, setCursor, resources }) => {
    const files = resources.folder.list().filter((file) => file > (cursor ?? ""));
    if (files.length === 0) return new SkipReason("nothing new");
    setCursor(files.at(-1) ?? "");
    return files.map((file) => new RunRequest({ runKey: file }));
  });

  test("of a sensor, with its resources given", async () => {
    const resources = { folder: { list: () => ["a", "b"] } };
    const tick = await evaluateTick(inbox, { cursor: "a", resources });
    expect(tick).toMatchObject({ runRequests: [{ runKey: "b", job: "work" }], cursor: "b" });
    expect((await evaluateTick(inbox, { cursor: "b", resources })).skipReason).toBe("nothing new");
  });

  test("of a schedule, at a time", async () => {
    const nightly = schedule({ job: work, cron: "0 4 * * *" }, ({ scheduledTime }) => {
      return new RunRequest({ tags: { day: scheduledTime.toISOString().slice(0, 10) } });
    });
    const tick = await evaluateTick(nightly, { scheduledTime: new Date("2024-05-01T04:00:00Z") });
    expect(tick.runRequests[0]?.tags).toEqual({ day: "2024-05-01" });
  });
});
