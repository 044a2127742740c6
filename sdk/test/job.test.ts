import { describe, expect, test } from "@jest/globals";
import { validateRunConfig } from "../src/evaluate.ts";
import {
  asset,
  Definitions,
  dynamicOutput,
  executeInProcess,
  graph,
  inMemory,
  input,
  job,
  materialize,
  nothing,
  op,
  optionalOutput,
  output,
  z,
} from "../src/index.ts";

const one = op("one", () => 1);
const plus = op(
  "plus",
  {
    inputs: { x: z.number(), by: z.number().default(1) },
    config: z.object({ extra: z.number().default(0) }),
  },
  ({ inputs, config }) => {
    return inputs.x + inputs.by + config.extra;
  },
);
const sum = op("sum", { inputs: { xs: input<number[]>() } }, ({ inputs }) =>
  inputs.xs.reduce((a, b) => a + b, 0),
);

describe("a job of ops", () => {
  test("calls in its body become steps; a second call of an op gets a number, or an alias", async () => {
    const chain = job("chain", () => {
      const a = one();
      plus({ x: plus({ x: a }) });
      sum.as("all")({ xs: [a, a] });
    });
    const result = await executeInProcess(chain);
    expect([result.outputOf("plus"), result.outputOf("plus_2"), result.outputOf("all")]).toEqual([2, 3, 2]);
  });

  test("config goes to the step by its name in the graph, also inside graphs", async () => {
    const twice = graph("twice", { inputs: { x: input<number>() } }, ({ x }) => plus({ x: plus({ x }) }));
    const nested = job("nested", () => {
      plus({ x: twice.as("again")({ x: one() }) });
    });
    const runConfig = {
      ops: { plus: { config: { extra: 100 } }, again: { ops: { plus_2: { config: { extra: 10 } } } } },
    };
    const result = await executeInProcess(nested, { runConfig });
    expect(result.outputOf("again.plus")).toBe(2);
    expect(result.outputOf("again.plus_2")).toBe(13);
    expect(result.outputOf("plus")).toBe(114);
  });

  test("dynamic outputs are mapped by key and collected in order", async () => {
    const files = op("files", { outputs: dynamicOutput<string>() }, async function* () {
      yield ["b", "bb"] as const;
      yield ["a", "a"] as const;
    });
    const size = op("size", { inputs: { file: files } }, ({ inputs }) => inputs.file.length);
    const measured = job("measured", () => {
      const sizes = files().map((file) => size({ file }));
      sum({ xs: sizes.collect() });
    });
    const result = await executeInProcess(measured);
    expect([
      result.outputOf("size[a]"),
      result.outputOf("size[b]"),
      result.outputOf("sum"),
      result.outputOf("files[b]"),
    ]).toEqual([1, 2, 3, "bb"]);
  });

  test("several outputs are one property each; what needs an optional one that is left out is skipped, a fan-in leaves it out", async () => {
    const parts = op(
      "parts",
      { outputs: { left: output<number>(), right: optionalOutput<number>() } },
      () => ({ left: 1 }),
    );
    const branches = job("branches", () => {
      const { left, right } = parts();
      plus({ x: right });
      sum({ xs: [left, right] });
    });
    const result = await executeInProcess(branches);
    expect(result.outputOf("sum")).toBe(1);
    expect(result.eventsOf("STEP_SKIPPED").map(({ stepKey }) => stepKey)).toEqual(["plus"]);
  });

  test("a missing required output, an unknown one and a value against its schema are failures that name them", async () => {
    const missing = op(
      "missing",
      { outputs: { a: output<number>(), b: output<number>() } },
      () => ({ a: 1 }) as never,
    );
    await expect(executeInProcess(job("m", () => void missing()))).rejects.toThrow("did not return output b");
    const unknown = op("unknown", { outputs: { a: output<number>() } }, () => ({ a: 1, c: 1 }));
    await expect(executeInProcess(job("u", () => void unknown()))).rejects.toThrow(
      "returned c, which are not among its outputs a",
    );
    const typed = op("typed", { outputs: z.object({ id: z.number() }) }, () => ({ id: "x" }) as never);
    await expect(executeInProcess(job("t", () => void typed()))).rejects.toThrow(
      "output result of step typed is not what its schema asks for — id:",
    );
    const texts = op("texts", () => "x");
    const call = plus as unknown as (inputs: object) => unknown;
    await expect(executeInProcess(job("i", () => void call({ x: texts() })))).rejects.toThrow(
      "input x of step plus is not what its schema asks for",
    );
  });

  test("an input of nothing only orders, also after all copies of a mapped step", async () => {
    const order: string[] = [];
    const files = op("files", { outputs: dynamicOutput<number>() }, () => ({ a: 1, b: 2 }));
    const load = op(
      "load",
      { inputs: { n: input<number>() } },
      ({ inputs }) => void order.push(`load ${inputs.n}`),
    );
    const done = op("done", { inputs: { after: nothing } }, () => void order.push("done"));
    await executeInProcess(
      job("ordered", () => {
        done({ after: files().map((n) => load({ n })) });
      }),
    );
    expect(order).toEqual(["load 1", "load 2", "done"]);
  });

  test("an asset as an input is loaded by its own IO manager and not materialized", async () => {
    const store = inMemory();
    const emails = asset("emails", { ioManager: { store } }, () => ["a@x", "b@x"]);
    const count = op("count", { inputs: { emails } }, ({ inputs }) => inputs.emails.length);
    const send = job("send", () => void count());
    const kept = new Definitions({
      assets: [emails],
      jobs: [send],
      resources: { ioManager: inMemory() },
    });
    await materialize(kept);
    const result = await executeInProcess(send, { assets: kept });
    expect(result.outputOf("count")).toBe(2);
    expect(result.eventsOf("ASSET_MATERIALIZATION")).toEqual([]);
    expect(() => new Definitions({ jobs: [send] })).toThrow("graph or job send");
  });

  test("mistakes in a body are told when the job is defined", () => {
    const files = op("files", { outputs: dynamicOutput<number>() }, () => ({ a: 1 }));
    const loose = plus as unknown as (inputs: object) => never;
    const define = (body: () => void) => () => job("wrong", body);
    expect(define(() => void loose({ z: one() }))).toThrow("plus has no input z: it has x, by");
    expect(define(() => void loose({ x: 1 }))).toThrow(
      "input x of plus in graph wrong is not what an op call gave",
    );
    expect(define(() => void loose({ x: files() }))).toThrow("give .collect() for all in an array");
    expect(define(() => void [one.as("twin")(), one.as("twin")()])).toThrow("two nodes named twin");
    expect(() => job("wrong", (async () => undefined) as never)).toThrow("is async");
    expect(() => one()).toThrow(/op one \(sdk\/test\/job\.test\.ts:\d+\) was called outside a graph or job/);
    let leaked: ReturnType<typeof one> | undefined;
    job("first", () => {
      leaked = one();
    });
    expect(define(() => void loose({ x: leaked }))).toThrow("comes from graph first");
  });
});

describe("run config", () => {
  const must = op(
    "must",
    { config: z.object({ path: z.string(), deep: z.object({ n: z.number() }).optional() }) },
    () => 1,
  );
  const configured = job("configured", () => {
    must();
    plus({ x: one() });
  });
  const chart = asset("chart", { config: z.object({ width: z.number() }) }, () => 1);
  const definitions = new Definitions({ assets: [chart], jobs: [configured] });
  const issues = (runConfig: Record<string, unknown>, name = "configured") =>
    validateRunConfig(definitions, name, runConfig).map(({ path, message }) => `${path}: ${message}`);
  const good = { must: { config: { path: "x" } } };

  test("is good with what is required, and executors of Dagster's names", () => {
    expect(issues({ ops: good })).toEqual([]);
    for (const config of [
      { in_process: {} },
      { multiprocess: { max_concurrent: 4 } },
      { k8s_job: { max_concurrent: 2 } },
    ]) {
      expect(issues({ ops: good, execution: { config } })).toEqual([]);
    }
  });

  test("every problem comes with its path", () => {
    expect(issues({})).toEqual([expect.stringMatching(/^ops\.must\.config\.path: /)]);
    expect(issues({ ops: { must: { config: { path: 3, deep: { n: "x", m: 1 } } } } })).toEqual([
      expect.stringMatching(/^ops\.must\.config\.path: /),
      expect.stringMatching(/^ops\.must\.config\.deep\.n: /),
      expect.stringMatching(/^ops\.must\.config\.deep\.m: is unknown; known are n/),
    ]);
    expect(issues({ ops: { ...good, muts: {}, plus: { confg: {} } }, op: {} })).toEqual([
      "op: is unknown — did you mean ops?",
      "ops.muts: is unknown — did you mean must?",
      "ops.plus.confg: is unknown — did you mean config?",
    ]);
    expect(issues({ ops: { ...good, one: { config: { x: 1 } } } })).toEqual([
      expect.stringContaining("ops.one.config: op one takes no config"),
    ]);
    expect(issues({ ops: good, execution: { config: { multiproces: {} } } })).toEqual([
      expect.stringContaining("execution.config"),
    ]);
    expect(issues({ ops: good, execution: { config: { in_process: {}, multiprocess: {} } } })).toEqual([
      "execution.config: names more than one executor: choose one",
    ]);
    expect(issues({}, "nothing")).toEqual([expect.stringContaining("there is no job nothing")]);
  });

  test("of the implicit job asks only for what is given: any part of it may run", () => {
    expect(issues({}, "__ASSET_JOB")).toEqual([]);
    expect(issues({ ops: { chart: { config: {} } } }, "__ASSET_JOB")).toEqual([
      expect.stringMatching(/^ops\.chart\.config\.width: /),
    ]);
  });

  test("has a JSON Schema that says the same", () => {
    const schema = definitions.snapshot().jobs.find(({ name }) => name === "configured")?.runConfigSchema;
    expect(schema).toMatchObject({
      required: ["ops"],
      additionalProperties: false,
      properties: {
        ops: {
          required: ["must"],
          properties: {
            must: {
              required: ["config"],
              properties: { config: { required: ["path"], additionalProperties: false } },
            },
            plus: { properties: { config: { properties: { extra: { default: 0 } } } } },
          },
        },
      },
    });
  });
});

test("a schema's own default stands for config that nobody gave, of an op and of a graph's mapping", async () => {
  const seen: unknown[] = [];
  const limit = z.object({ limit: z.number() });
  const own = op("own", { config: limit.prefault({ limit: 3 }) }, ({ config }) => void seen.push(config));
  const inner = op("inner", { config: limit.default({ limit: 4 }) }, ({ config }) => void seen.push(config));
  const config = z.object({ by: z.number() }).prefault({ by: 5 });
  const outer = graph(
    "outer",
    { config, mapConfig: ({ by }) => ({ inner: { config: { limit: by } } }) },
    () => {
      inner();
    },
  );
  const all = job("all_defaults", () => {
    own();
    inner.as("plain")();
    outer();
  });
  await executeInProcess(all);
  expect(seen).toEqual(expect.arrayContaining([{ limit: 3 }, { limit: 4 }, { limit: 5 }]));
  const runConfig = { ops: { own: { config: {} } } };
  await expect(executeInProcess(all, { runConfig })).rejects.toThrow("ops.own.config.limit: is missing");
  const { jobs } = new Definitions({ jobs: [all] }).snapshot();
  expect(jobs.find(({ name }) => name === "all_defaults")?.runConfigSchema).not.toHaveProperty("required");
});

test("an input from a step that returned nothing says that it may be `nothing`", async () => {
  const silent = op("silent", () => undefined);
  const loud = op("loud", { inputs: { silent: input<unknown>() } }, () => 1);
  const after = op("after", { inputs: { start: nothing } }, () => 1);
  const orderly = job("orderly", () => void after({ start: silent() }));
  expect((await executeInProcess(orderly)).outputOf("after")).toBe(1);
  await expect(executeInProcess(job("wrong", () => void loud({ silent: silent() })))).rejects.toThrow(
    "return a value from that step, or make the input `nothing`",
  );
});
