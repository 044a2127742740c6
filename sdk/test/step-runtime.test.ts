import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openStepRuntime, type RunServices } from "../src/execution/execute-step.ts";
import { inProcessLauncher } from "../src/execution/in-process-launcher.ts";
import { orchestrate } from "../src/execution/orchestrate.ts";
import type { RunContext, StepRequest } from "../src/execution/step-protocol.ts";
import {
  asset,
  Definitions,
  env,
  fsIoManager,
  inMemory,
  ioManager,
  job,
  materialize,
  op,
  optionalOutput,
  requiredResource,
  resource,
  z,
} from "../src/index.ts";
import type { RunEvent } from "../src/model/event.ts";
import { runContext } from "./scripted-launcher.ts";

const services: RunServices = {
  latestMaterialization: async () => null,
  dynamicPartitions: async () => [],
  addDynamicPartitions: async () => undefined,
  deleteDynamicPartitions: async () => undefined,
};
const requestOf = (run: RunContext, stepKey: string): StepRequest => ({
  run,
  stepKey,
  stepAttempt: 1,
  mappingKeys: {},
  notYielded: {},
});

async function runStep(
  definitions: Definitions,
  stepKey: string,
  options: { job?: string; signal?: AbortSignal; run?: Partial<RunContext> } = {},
) {
  const run = runContext({ job: options.job ?? "__ASSET_JOB", ...options.run });
  const runtime = openStepRuntime(definitions, run, services);
  const events: RunEvent[] = [];
  const result = await runtime.executeStep(
    requestOf(run, stepKey),
    (event) => events.push(event),
    options.signal ?? new AbortController().signal,
  );
  return { result, events, runtime };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sdk-step-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a step that is cancelled", () => {
  test("ends as canceled although its function never resolves, and emits nothing any more", async () => {
    const cancel = new AbortController();
    let late = () => undefined as unknown;
    const stuck = asset("stuck", ({ log }) => {
      late = () => log.info("too late");
      return new Promise<number>(() => undefined);
    });
    setImmediate(() => cancel.abort());
    const { result, events, runtime } = await runStep(
      new Definitions({ assets: [stuck], resources: { ioManager: inMemory() } }),
      "stuck",
      { signal: cancel.signal },
    );
    expect(result).toEqual({ kind: "canceled" });
    const before = events.length;
    late();
    expect(events).toHaveLength(before);
    await runtime.close();
  });

  test("ends as canceled when it heeds the signal by throwing", async () => {
    const cancel = new AbortController();
    const polite = asset(
      "polite",
      ({ signal }) =>
        new Promise<never>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(new Error("stopped"))),
        ),
    );
    setImmediate(() => cancel.abort());
    const { result } = await runStep(
      new Definitions({ assets: [polite], resources: { ioManager: inMemory() } }),
      "polite",
      { signal: cancel.signal },
    );
    expect(result).toEqual({ kind: "canceled" });
  });
});

describe("resources", () => {
  const made: string[] = [];
  beforeEach(() => {
    made.length = 0;
  });
  const base = resource({
    create: () => {
      made.push("open base");
      return { base: true };
    },
    close: () => made.push("close base"),
  });
  const top = resource({
    resources: { base },
    config: z.object({ name: z.string(), port: z.number().default(1) }),
    create: ({ config, resources }) => {
      made.push(`open top ${config.name} ${config.port} ${resources.base.base}`);
      return config;
    },
    close: () => made.push("close top"),
  });

  test("open once when a step first needs them, nested first, and close in reverse order, also after a failure", async () => {
    const one = asset("one", { resources: { top } }, () => 1);
    const two = asset("two", { resources: { top }, deps: [one] }, () => {
      throw new Error("no");
    });
    const free = asset("free", () => 1);
    const resources = { top: top.configured({ name: "x" }) };
    await materialize([free], { resources });
    expect(made).toEqual([]);
    const result = await materialize([one, two], { resources, raise: false });
    expect(result.success).toBe(false);
    expect(made).toEqual(["open base", "open top x 1 true", "close top", "close base"]);
    expect(result.eventsOf("RESOURCE_INIT_STARTED").map((event) => event.resources)).toEqual([
      ["top", "ioManager"],
    ]);
  });

  test("are closed when the run is cancelled", async () => {
    const cancel = new AbortController();
    const stuck = asset("stuck", { resources: { top } }, () => {
      setImmediate(() => cancel.abort());
      return new Promise<void>(() => undefined);
    });
    const result = await materialize([stuck], {
      resources: { top: top.configured({ name: "x" }) },
      signal: cancel.signal,
    });
    expect(result.status).toBe("CANCELED");
    expect(made.slice(-2)).toEqual(["close top", "close base"]);
  });

  test("take config from the definition, then run config, then the schema's defaults", async () => {
    const one = asset("one", { resources: { top } }, ({ resources }) => resources.top);
    const runConfig = { resources: { top: { config: { port: 7 } } } };
    const result = await materialize([one], { resources: { top: top.configured({ name: "x" }) }, runConfig });
    expect(result.output(one)).toEqual({ name: "x", port: 7 });
  });

  test("a variable of the environment is read when the resource opens; a missing one is named with resource and field", async () => {
    const one = asset("one", { resources: { top } }, ({ resources }) => resources.top);
    const configured = top.configured({
      name: env("SDK_TEST_NAME"),
      port: env.number("SDK_TEST_PORT", { default: 9 }),
    });
    await expect(materialize([one], { resources: { top: configured } })).rejects.toThrow(
      "resource top, field name: environment variable SDK_TEST_NAME is not set where this step runs",
    );
    process.env.SDK_TEST_NAME = "from env";
    try {
      expect((await materialize([one], { resources: { top: configured } })).output(one)).toEqual({
        name: "from env",
        port: 9,
      });
      process.env.SDK_TEST_PORT = "many";
      await expect(materialize([one], { resources: { top: configured } })).rejects.toThrow(
        "SDK_TEST_PORT does not hold a number",
      );
    } finally {
      delete process.env.SDK_TEST_NAME;
      delete process.env.SDK_TEST_PORT;
    }
  });

  test("one that cannot open fails the step by name, and the next try opens it again", async () => {
    let tries = 0;
    const shaky = resource(() => {
      tries++;
      if (tries === 1) throw new Error("refused");
      return "open";
    });
    const one = asset("one", { resources: { shaky } }, ({ resources }) => resources.shaky);
    const failed = await materialize([one], { raise: false });
    expect(failed.eventsOf("STEP_FAILURE")[0]?.error?.message).toBe(
      "resource shaky could not be opened: refused",
    );
    expect(failed.eventsOf("RESOURCE_INIT_FAILURE")).toHaveLength(1);
    tries = 0;
    const again = asset(
      "again",
      { resources: { shaky }, retryPolicy: { maxRetries: 1 } },
      ({ resources }) => resources.shaky,
    );
    expect((await materialize([again])).output(again)).toBe("open");
  });

  test("a value with Symbol.asyncDispose is disposed without a close", async () => {
    let disposed = false;
    const handle = resource(() => ({
      async [Symbol.asyncDispose]() {
        disposed = true;
      },
    }));
    await materialize([asset("one", { resources: { handle } }, () => 1)]);
    expect(disposed).toBe(true);
  });

  test("what a resource throws in close is told, and the others are closed all the same", async () => {
    const bad = resource({ create: () => 1, close: () => Promise.reject(new Error("stuck")) });
    const one = asset("one", { resources: { base, bad } }, () => 1);
    await expect(materialize([one])).rejects.toThrow("resource bad could not be closed: stuck");
    expect(made).toEqual(["open base", "close base"]);
  });

  test("a required one is typed but must be provided", () => {
    const mailer = requiredResource<{ send(): void }>();
    expect(() => new Definitions({ assets: [asset("one", { resources: { mailer } }, () => 1)] })).toThrow(
      "needs resource mailer",
    );
  });
});

describe("the fs IO manager", () => {
  test("keeps structured values over runs: maps, dates, typed arrays, cycles", async () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const value = {
      map: new Map([["a", new Set([1])]]),
      day: new Date(5),
      bytes: new Uint8Array([1, 2]),
      big: 10n,
      cyclic,
    };
    const made = asset("raw/made", () => value);
    const read = asset("read", { inputs: { made } }, ({ inputs }) => {
      expect(inputs.made).toEqual(value);
      expect(inputs.made).not.toBe(value);
    });
    const resources = { ioManager: fsIoManager({ folder }) };
    const first = await materialize([made], { resources });
    expect(first.metadataOf(made)).toMatchObject({
      path: { type: "path", value: join(folder, "assets/raw/made/@value") },
    });
    expect((await materialize([read], { resources })).success).toBe(true);
    expect(await readdir(join(folder, "assets/raw/made"))).toEqual(["@value"]);
  });

  test("takes its folder from the environment", async () => {
    process.env.DAGSTER_OPERATOR_ARTIFACTS = folder;
    try {
      const { result, runtime } = await runStep(new Definitions({ assets: [asset("one", () => 1)] }), "one");
      expect(result).toMatchObject({ kind: "success", outputs: [{ name: "result" }] });
      await runtime.close();
      expect(await readdir(join(folder, "assets"))).toEqual(["one"]);
    } finally {
      delete process.env.DAGSTER_OPERATOR_ARTIFACTS;
    }
  });

  test("names step, output, IO manager and the place in a value that it cannot store", async () => {
    const broken = asset("broken", () => ({ rows: [{}, {}, {}, { fn: () => 1 }] }));
    await expect(
      materialize([broken], { resources: { ioManager: fsIoManager({ folder }) } }),
    ).rejects.toThrow(
      "output result of step broken could not be stored by IO manager ioManager: asset broken cannot be written to a file: .rows[3].fn is a function",
    );
    const pending = asset("pending", () => ({ a: new Map([["x", Promise.resolve(1)]]) }));
    await expect(
      materialize([pending], { resources: { ioManager: fsIoManager({ folder }) } }),
    ).rejects.toThrow('.a.get("x") is a Promise: await it first');
  });

  test("says of a value that is not there what to do, and refuses a damaged one", async () => {
    const one = asset("one", () => 1);
    const two = asset("two", { inputs: { one } }, () => 1);
    const resources = { ioManager: fsIoManager({ folder }) };
    await expect(materialize([two], { resources })).rejects.toThrow("asset one is not stored: no file");
    await materialize([one], { resources });
    await truncate(join(folder, "assets/one/@value"), 0);
    await expect(materialize([two], { resources })).rejects.toThrow("is damaged");
  });

  test("keys and partitions with strange characters are files inside the folder", async () => {
    const keys = ["../../up", ".", "a/b", "x".repeat(300), "é|ü"];
    const odd = asset("odd", { partitions: { kind: "static", keys } }, ({ partitionKey }) => partitionKey);
    const back = asset("back", { inputs: { odd } }, ({ inputs }) => inputs.odd);
    const resources = { ioManager: fsIoManager({ folder }) };
    for (const partitionKey of keys) await materialize([odd], { partitionKey, resources });
    const result = await materialize([back], { resources });
    expect(result.output(back)).toEqual(Object.fromEntries(keys.map((key) => [key, key])));
    expect(await readdir(join(folder, "assets/odd"))).toHaveLength(keys.length);
  });

  test("a re-execution reads the outputs that the parent run stored", async () => {
    const one = op("one", () => 5);
    const two = op("two", { inputs: { one } }, ({ inputs }) => inputs.one * 2);
    const definitions = new Definitions({
      jobs: [job("j", () => void two({ one: one() }))],
      resources: { ioManager: fsIoManager({ folder }) },
    });
    const events: RunEvent[] = [];
    const execute = async (run: RunContext) => {
      const runtime = openStepRuntime(definitions, run, services);
      const launcher = inProcessLauncher(runtime);
      const status = await orchestrate({
        plan: runtime.plan,
        run,
        launcher,
        emit: (event) => events.push(event),
        signal: new AbortController().signal,
      });
      await launcher.close();
      return status;
    };
    expect(await execute(runContext({ job: "j", runId: "parent", steps: ["one"] }))).toBe("SUCCESS");
    const child = runContext({
      job: "j",
      runId: "child",
      steps: ["two"],
      parentRunId: "parent",
      known: { outputsFrom: { one: "parent" }, mappingKeys: {} },
    });
    expect(await execute(child)).toBe("SUCCESS");
    expect((await readdir(join(folder, "runs"))).sort()).toEqual(["child", "parent"]);
    expect(events.find(({ type }) => type === "LOADED_INPUT")).toMatchObject({
      stepKey: "two",
      upstreamStep: "one",
    });
  });
});

describe("an IO manager of the user", () => {
  test("is told the address of the value and adds metadata", async () => {
    const seen: unknown[] = [];
    const csv = ioManager({
      config: z.object({ folder: z.string() }),
      create: ({ config }) => ({
        handleOutput(context, value) {
          const { assetKey, partitionKey, stepKey, outputName, definitionMetadata } = context;
          seen.push({ assetKey, partitionKey, stepKey, outputName, definitionMetadata, value });
          context.metadata({ folder: config.folder });
        },
        loadInput: ({ assetKey, inputName, consumer }) => `${assetKey} for ${inputName} of ${consumer}`,
      }),
    });
    const one = asset(
      "one",
      { ioManager: { csv: csv.configured({ folder: "here" }) }, metadata: { delimiter: ";" } },
      () => "v",
    );
    const two = asset("two", { inputs: { given: one } }, ({ inputs }) => inputs.given);
    const result = await materialize([one, two]);
    expect(seen).toEqual([
      {
        assetKey: ["one"],
        partitionKey: undefined,
        stepKey: "one",
        outputName: "result",
        definitionMetadata: { delimiter: ";" },
        value: "v",
      },
    ]);
    expect(result.metadataOf(one)).toEqual({ folder: { type: "text", value: "here" } });
    expect(result.output(two)).toBe("one for given of two");
  });
});

test("an optional output that is left out is not among the outputs of the step", async () => {
  const parts = op(
    "parts",
    { outputs: { left: optionalOutput<number>(), right: optionalOutput<number>() } },
    () => ({ right: 1 }),
  );
  const definitions = new Definitions({
    jobs: [job("j", () => void parts())],
    resources: { ioManager: inMemory() },
  });
  const { result } = await runStep(definitions, "parts", { job: "j" });
  expect(result).toMatchObject({ kind: "success", outputs: [{ name: "right" }], blockedAssets: [] });
});
