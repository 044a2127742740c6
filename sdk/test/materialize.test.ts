import { describe, expect, test } from "@jest/globals";
import {
  asset,
  assetCheck,
  Definitions,
  externalAsset,
  Failure,
  graphAsset,
  InvalidRunConfig,
  image,
  inMemory,
  MetadataValue,
  materialize,
  md,
  multiAsset,
  multiAssetCheck,
  observableAsset,
  op,
  RetryRequested,
  requiredResource,
  resource,
  table,
  z,
} from "../src/index.ts";

describe("materialize", () => {
  test("runs assets in order and hands values from one to the next", async () => {
    const orders = asset("orders", () => [{ amount: 3 }, { amount: 4 }]);
    const revenue = asset("revenue", { inputs: { orders } }, ({ inputs }) =>
      inputs.orders.reduce((sum, order) => sum + order.amount, 0),
    );
    const result = await materialize([revenue, orders]);
    expect(result.success).toBe(true);
    expect(result.output(revenue)).toBe(7);
    expect(result.eventsOf("ASSET_MATERIALIZATION").map(({ asset: key }) => key)).toEqual([
      ["orders"],
      ["revenue"],
    ]);
  });

  test("emits the events of a step in Dagster's order", async () => {
    const one = asset("one", ({ log, metadata }) => {
      log.info("working", { rows: 3 });
      metadata({ rows: 3 });
      return 1;
    });
    const two = asset("two", { inputs: { one } }, ({ inputs }) => inputs.one + 1);
    const { events } = await materialize([one, two]);
    expect(events.filter(({ stepKey }) => stepKey === "two").map(({ type }) => type)).toEqual([
      "ASSET_MATERIALIZATION_PLANNED",
      "STEP_START",
      "LOADED_INPUT",
      "STEP_OUTPUT",
      "HANDLED_OUTPUT",
      "ASSET_MATERIALIZATION",
      "STEP_SUCCESS",
    ]);
    expect(events.find(({ type }) => type === "LOG_MESSAGE")).toMatchObject({
      level: "INFO",
      message: "working",
      fields: { rows: 3 },
      stepKey: "one",
    });
  });

  test("takes config from run config with the schema's defaults, and refuses a wrong one before it starts", async () => {
    let ran = false;
    const chart = asset(
      "chart",
      { config: z.object({ width: z.number().default(640), unit: z.string().default("C") }) },
      ({ config }) => {
        ran = true;
        return config;
      },
    );
    const result = await materialize([chart], { runConfig: { ops: { chart: { config: { unit: "F" } } } } });
    expect(result.output(chart)).toEqual({ width: 640, unit: "F" });
    ran = false;
    const wrong = materialize([chart], {
      runConfig: { ops: { chart: { config: { width: "wide", hieght: 3 } } } },
    });
    await expect(wrong).rejects.toThrow(InvalidRunConfig);
    await expect(wrong).rejects.toMatchObject({
      issues: [{ path: "ops.chart.config.width" }, { path: "ops.chart.config.hieght" }],
    });
    expect(ran).toBe(false);
  });

  test("throws the very error of the user, or gives a failed result", async () => {
    const mine = new RangeError("no rows");
    const broken = asset("broken", () => {
      throw mine;
    });
    const after = asset("after", { deps: [broken] }, () => 1);
    await expect(materialize([broken, after])).rejects.toBe(mine);
    const result = await materialize([broken, after], { raise: false });
    expect(result.success).toBe(false);
    expect(result.eventsOf("STEP_FAILURE")).toMatchObject([
      { stepKey: "broken", error: { name: "RangeError", message: "no rows" } },
    ]);
    expect(result.eventsOf("STEP_SKIPPED").map(({ stepKey }) => stepKey)).toEqual(["after"]);
  });

  test("a thrown non-Error is a failure that shows the value", async () => {
    const broken = asset("broken", () => Promise.reject({ code: 7 }));
    const result = await materialize([broken], { raise: false });
    expect(result.eventsOf("STEP_FAILURE")[0]?.error).toEqual({
      name: "NonError",
      message: "a value that is no Error was thrown: { code: 7 }",
    });
  });

  test("RetryRequested runs the step again, Failure without retries does not", async () => {
    let tries = 0;
    const flaky = asset("flaky", ({ retryNumber }) => {
      tries++;
      if (retryNumber < 2) throw new RetryRequested({ maxRetries: 3 });
      return retryNumber;
    });
    expect((await materialize([flaky])).output(flaky)).toBe(2);
    expect(tries).toBe(3);
    tries = 0;
    const final = asset("final", { retryPolicy: { maxRetries: 5 } }, () => {
      tries++;
      throw new Failure("bad data", { allowRetries: false, metadata: { rows: 0 } });
    });
    const result = await materialize([final], { raise: false });
    expect(tries).toBe(1);
    expect(result.eventsOf("ENGINE_EVENT").some(({ metadata }) => metadata?.rows?.type === "int")).toBe(true);
  });

  test("an asset that returns nothing is materialized and stores nothing", async () => {
    const effect = asset("effect", ({ metadata }) => metadata({ done: true }));
    const result = await materialize([effect]);
    expect(result.metadataOf(effect)).toEqual({ done: { type: "bool", value: true } });
    expect(result.eventsOf("HANDLED_OUTPUT")).toEqual([]);
    expect(() => result.output(effect)).toThrow("asset effect returned no value in this run");
  });

  test("metadata takes bare values and drawn ones", async () => {
    const rows = [{ city: "Rome", high: 31.5, day: new Date("2024-01-01T00:00:00Z") }];
    const one = asset("one", ({ metadata }) =>
      metadata({
        rows: 3,
        share: 0.5,
        text: "x",
        nested: { a: [1] },
        preview: table(rows),
        notes: md("*hi*"),
        chart: image.svg("<svg/>"),
        docs: MetadataValue.url("https://example.org"),
        at: new Date(1000),
      }),
    );
    expect((await materialize([one])).metadataOf(one)).toEqual({
      rows: { type: "int", value: 3 },
      share: { type: "float", value: 0.5 },
      text: { type: "text", value: "x" },
      nested: { type: "json", value: { a: [1] } },
      preview: {
        type: "table",
        columns: [
          { name: "city", type: "string" },
          { name: "high", type: "float" },
          { name: "day", type: "string" },
        ],
        rows: [{ city: "Rome", high: 31.5, day: "2024-01-01T00:00:00.000Z" }],
      },
      notes: { type: "markdown", value: "*hi*" },
      chart: { type: "image", mediaType: "image/svg+xml", data: "<svg/>" },
      docs: { type: "url", value: "https://example.org" },
      at: { type: "timestamp", value: 1 },
    });
  });

  test("upstream assets that are not in the list are loaded, or given as values", async () => {
    const raw = externalAsset<number[]>("raw/numbers");
    const made = asset("made", () => 5);
    const sum = asset("sum", { inputs: { raw, made } }, ({ inputs }) =>
      inputs.raw.reduce((a, b) => a + b, inputs.made),
    );
    const result = await materialize([sum], { upstream: { "raw/numbers": [1, 2], made: 10 } });
    expect(result.output(sum)).toBe(13);
    await expect(materialize([sum], { upstream: { made: 1 } })).rejects.toThrow(
      "input raw of step sum could not be loaded by IO manager ioManager: asset raw/numbers is not in memory",
    );
    const byInput = asset("by_input", { inputs: { given: made } }, ({ inputs }) => inputs.given);
    await expect(materialize([byInput], { upstream: { given: 1 } })).rejects.toThrow(
      "upstream gives a value for given, but no asset of that key is read here; there are by_input, made",
    );
  });

  test("a selection narrows the list, also of whole Definitions", async () => {
    const a = asset("a", { group: "x" }, () => 1);
    const b = asset("b", { inputs: { a } }, ({ inputs }) => inputs.a + 1);
    const definitions = new Definitions({ assets: [a, b], resources: { ioManager: inMemory() } });
    const first = await materialize(definitions, { selection: "group:x" });
    expect(first.eventsOf("ASSET_MATERIALIZATION")).toHaveLength(1);
    expect((await materialize(definitions, { selection: "b" })).output(b)).toBe(2);
    await expect(materialize([a], { selection: "group:y" })).rejects.toThrow();
  });

  test("checks run after their asset with its value; a blocking failure stops what is downstream", async () => {
    const rows = asset("rows", () => [] as number[]);
    const sum = asset("sum", { inputs: { rows } }, ({ inputs }) => inputs.rows.length);
    const some = assetCheck("some", { asset: rows, blocking: true }, ({ value }) => ({
      passed: value.length > 0,
      description: "rows there",
      metadata: { rows: value.length },
    }));
    const result = await materialize([rows, sum, some], { raise: false });
    expect(result.success).toBe(false);
    expect(result.checks.some).toMatchObject({
      passed: false,
      severity: "ERROR",
      description: "rows there",
      metadata: { rows: { type: "int", value: 0 } },
    });
    expect(result.eventsOf("STEP_SKIPPED").map(({ stepKey }) => stepKey)).toEqual(["sum"]);
    const lenient = assetCheck("some", { asset: rows, blocking: true }, () => ({
      passed: false,
      severity: "WARN",
    }));
    expect((await materialize([rows, sum, lenient])).success).toBe(true);
  });

  test("an asset reports its own checks, and one that it forgets is a failure", async () => {
    const own = asset("own", { checks: { full: {}, fresh: {} } }, ({ check }) => {
      check("full", { passed: true, metadata: { rows: 1 } });
      check("fresh", false);
      return 1;
    });
    const result = await materialize([own]);
    expect(Object.keys(result.checks)).toEqual(["full", "fresh"]);
    expect(result.checks.fresh?.passed).toBe(false);
    const forgets = asset("forgets", { checks: { full: {} } }, () => 1);
    await expect(materialize([forgets])).rejects.toThrow(
      'did not report its check full: call check("full", passed)',
    );
    const wrong = asset("wrong", { checks: { full: {} } }, ({ check }) => check("ful", true));
    await expect(materialize([wrong])).rejects.toThrow("check ful is not declared");
  });

  test("a multi-asset makes several; one that can be subset makes those asked for", async () => {
    const { train, test: held } = multiAsset(
      "split",
      { assets: { train: {}, test: { key: "held/out" } }, canSubset: true },
      ({ selectedOutputs }) => ({
        ...(selectedOutputs.has("train") ? { train: [1] } : {}),
        ...(selectedOutputs.has("test") ? { test: "t" } : {}),
      }),
    );
    const both = await materialize([train, held]);
    expect([both.output(train), both.output(held)]).toEqual([[1], "t"]);
    const one = await materialize([train, held], { selection: "held/out" });
    expect(one.eventsOf("ASSET_MATERIALIZATION").map(({ asset: key }) => key)).toEqual([["held", "out"]]);
  });

  test("a graph asset is made in several steps and stored by its own IO manager", async () => {
    const numbers = asset("numbers", () => [1, 2, 3]);
    const double = op("double", { inputs: { xs: z.array(z.number()) } }, ({ inputs }) =>
      inputs.xs.map((x) => x * 2),
    );
    const total = op("total", { inputs: { xs: double } }, ({ inputs }) =>
      inputs.xs.reduce((a, b) => a + b, 0),
    );
    const report = graphAsset(
      "report",
      { inputs: { numbers }, ioManager: { store: inMemory() } },
      ({ numbers: xs }) => total({ xs: double({ xs }) }),
    );
    const result = await materialize([numbers, report]);
    expect(result.output(report)).toBe(12);
    expect(result.eventsOf("STEP_START").map(({ stepKey }) => stepKey)).toEqual([
      "numbers",
      "report.double",
      "report.total",
    ]);
    expect(
      result.eventsOf("HANDLED_OUTPUT").find(({ stepKey }) => stepKey === "report.total")?.ioManager,
    ).toBe("store");
  });

  test("a resource can be given as a plain value, or is made by its definition", async () => {
    const api = requiredResource<{ fetch(): string }>();
    const db = resource(() => ({ name: "real" }));
    const one = asset(
      "one",
      { resources: { api, db } },
      ({ resources }) => resources.api.fetch() + resources.db.name,
    );
    expect((await materialize([one], { resources: { api: { fetch: () => "fake " } } })).output(one)).toBe(
      "fake real",
    );
    const both = await materialize([one], {
      resources: { api: { fetch: () => "fake " }, db: { name: "fake" } },
    });
    expect(both.output(one)).toBe("fake fake");
  });
});

describe("what several assets, checks and observations may say", () => {
  const one = multiAsset(
    "one_function",
    { assets: { a: { checks: { ok: {} } }, b: { checks: { ok: {} } } } },
    ({ check }) => {
      check("ok", true);
      return { a: 1, b: 2 };
    },
  );
  test("a check that two assets declare must name its output", async () => {
    await expect(materialize([one.a, one.b])).rejects.toThrow(
      'check ok is declared by a and b: say whose it is, check("ok", …, { output: "a" })',
    );
  });

  test("a check of a multi-asset check that is left out is an error, and names itself", async () => {
    const made = asset("made", () => 1);
    const checks = multiAssetCheck("both", { checks: { x: { asset: made }, y: { asset: made } } }, () => ({
      x: true,
    }));
    await expect(materialize([made, checks.x, checks.y])).rejects.toThrow("did not report its check y");
    const result = await materialize([made, checks.x]);
    expect(Object.keys(result.checks)).toEqual(["x"]);
  });

  test("an observation that is none is refused, and one of no version is kept", async () => {
    const wrong = observableAsset("wrong", () => 3 as never);
    await expect(materialize([wrong])).rejects.toThrow("must return its data version as a string");
    const seen = observableAsset("seen", () => ({ metadata: { rows: 2 } }));
    const result = await materialize([seen]);
    expect(result.eventsOf("ASSET_OBSERVATION")[0]).toMatchObject({ metadata: { rows: { value: 2 } } });
    expect(result.eventsOf("ASSET_MATERIALIZATION")).toEqual([]);
  });
});
