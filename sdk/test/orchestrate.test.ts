import { describe, expect, test } from "@jest/globals";
import { orchestrate } from "../src/execution/orchestrate.ts";
import { planRun } from "../src/execution/plan.ts";
import type { PoolSlots } from "../src/execution/pool-gate.ts";
import type { EmitEvent, RunContext, StepResult } from "../src/execution/step-protocol.ts";
import { ASSET_JOB, type DefinitionsSnapshot } from "../src/model/definitions.ts";
import { RunEvent } from "../src/model/event.ts";
import { type Answer, boom, runContext, type Script, ScriptedLauncher } from "./scripted-launcher.ts";
import { asset, check, collect, fanIn, from, graph, op, snapshot } from "./snapshot-builder.ts";

async function drive(
  defs: DefinitionsSnapshot,
  script: Script,
  options: {
    run?: Partial<RunContext>;
    steps?: string[];
    maxConcurrent?: number;
    signal?: AbortSignal;
    slots?: PoolSlots;
    random?: () => number;
  } = {},
) {
  const plan = planRun(defs, { job: defs.jobs[0]?.name ?? ASSET_JOB, steps: options.steps });
  const launcher = new ScriptedLauncher(plan, script, options.maxConcurrent);
  const events: RunEvent[] = [];
  const waits: number[] = [];
  const outcome = await orchestrate({
    plan,
    run: runContext(options.run),
    launcher,
    emit: (event) => events.push(RunEvent.parse(event)),
    signal: options.signal ?? new AbortController().signal,
    slots: options.slots,
    now: () => 1000,
    sleep: async (ms) => {
      waits.push(ms / 1000);
    },
    random: options.random ?? (() => 0.5),
  });
  const ends: Record<string, string> = {};
  for (const event of events) {
    if (event.stepKey === undefined || !/^STEP_(SUCCESS|FAILURE|SKIPPED)$/.test(event.type)) continue;
    if (ends[event.stepKey]) throw new Error(`${event.stepKey} ended twice`);
    ends[event.stepKey] = event.type.slice(5);
  }
  const reason = (key: string) => events.find((e) => e.type === "STEP_SKIPPED" && e.stepKey === key)?.message;
  return {
    outcome,
    events,
    ends,
    waits,
    launcher,
    reason,
    started: launcher.requests.map((r) => r.stepKey),
    plan,
  };
}

const ops = (nodes: Parameters<typeof graph>[1], job = {}) =>
  snapshot({
    nodes: [
      op("x", { inputs: ["a", "b"] }),
      op("maybe", {
        inputs: ["a"],
        outputs: [
          { name: "yes", required: false },
          { name: "no", required: false },
        ],
      }),
      op("split", { inputs: ["a"], outputs: [{ name: "part", dynamic: true }] }),
      op("retried", { retryPolicy: { maxRetries: 3, delay: 2, backoff: "exponential", jitter: "none" } }),
      graph("main", nodes),
    ],
    jobs: [job],
  });
const chain = ops({
  first: { def: "x" },
  second: { def: "x", inputs: { a: from("first") } },
  third: { def: "x", inputs: { a: from("second") } },
  other: { def: "x" },
});

describe("a run of ops", () => {
  test("starts each step after its upstream, and tells plan, start and success", async () => {
    const run = await drive(chain, {});
    expect(run.outcome).toBe("SUCCESS");
    expect(run.started.filter((key) => key !== "other")).toEqual(["first", "second", "third"]);
    expect(run.events.map((e) => e.type)).toEqual([
      "RUN_PLAN",
      "RUN_START",
      "STEP_SUCCESS",
      "STEP_SUCCESS",
      "STEP_SUCCESS",
      "STEP_SUCCESS",
      "RUN_SUCCESS",
    ]);
    expect(run.events[0]?.message).toBe("Planned 4 steps of job job.");
  });

  test("never runs more steps at once than the launcher takes", async () => {
    const run = await drive(chain, {}, { maxConcurrent: 1 });
    expect(run.launcher.mostRunning).toBe(1);
    expect((await drive(chain, {})).launcher.mostRunning).toBe(2);
  });

  test("a failed step skips what is downstream and nothing else, and the run says which failed", async () => {
    const run = await drive(chain, { first: boom("no rows") });
    expect(run.outcome).toBe("FAILURE");
    expect(run.ends).toEqual({ first: "FAILURE", second: "SKIPPED", third: "SKIPPED", other: "SUCCESS" });
    expect(run.reason("second")).toBe("Step second was skipped. Upstream step first failed.");
    expect(run.reason("third")).toBe("Step third was skipped. Upstream step second did not run.");
    expect(run.events.at(-1)).toMatchObject({
      type: "RUN_FAILURE",
      message: "The run failed after 0 ms. 1 step failed: first.",
      error: { cause: { message: "no rows" } },
    });
  });

  test("a launcher that rejects or throws fails its step and the run still ends", async () => {
    const run = await drive(chain, { first: new Error("socket closed") });
    expect(run.outcome).toBe("FAILURE");
    expect(run.events.find((e) => e.type === "STEP_FAILURE")?.message).toBe(
      "Step first failed: StepLauncherError: the launcher could not run step first: socket closed",
    );
  });

  test("an emit that throws stops running steps, waits for them and rejects", async () => {
    const plan = planRun(chain, { job: "job" });
    let stopped = false;
    const launcher = new ScriptedLauncher(plan, {
      other: (_request, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            stopped = true;
            setImmediate(() => resolve({ kind: "canceled" }));
          });
        }),
    });
    const emit: EmitEvent = (event) => {
      if (event.type === "STEP_SUCCESS") throw new Error("fenced by attempt 2");
    };
    await expect(
      orchestrate({ plan, run: runContext(), launcher, emit, signal: new AbortController().signal }),
    ).rejects.toThrow("fenced by attempt 2");
    expect({ stopped, running: launcher.running }).toEqual({ stopped: true, running: 0 });
  });

  test("steps with a higher dagster/priority start first, then by plan order", async () => {
    const defs = snapshot({
      nodes: [
        op("x"),
        op("urgent", { tags: { "dagster/priority": "3" } }),
        graph("main", { a: { def: "x" }, b: { def: "x" }, z: { def: "urgent" } }),
      ],
      jobs: [{}],
    });
    expect((await drive(defs, {}, { maxConcurrent: 1 })).started).toEqual(["z", "a", "b"]);
  });

  test("an empty plan succeeds", async () => {
    expect((await drive(ops({}), {})).outcome).toBe("SUCCESS");
  });
});

describe("outputs that are not yielded", () => {
  const branches = ops({
    maybe: {},
    yes: { def: "x", inputs: { a: from("maybe", "yes") } },
    no: { def: "x", inputs: { a: from("maybe", "no") } },
    afterNo: { def: "x", inputs: { a: from("no") } },
    both: { def: "x", inputs: { a: fanIn(from("yes"), from("no")) } },
    none: { def: "x", inputs: { a: fanIn(from("no"), from("afterNo")) } },
  });

  test("skip what needs them; a fan-in goes on with the rest and is told what is left out", async () => {
    const run = await drive(branches, { maybe: { outputs: [{ name: "yes" }] } });
    expect(run.outcome).toBe("SUCCESS");
    expect(run.ends).toEqual({
      maybe: "SUCCESS",
      yes: "SUCCESS",
      no: "SKIPPED",
      afterNo: "SKIPPED",
      both: "SUCCESS",
      none: "SKIPPED",
    });
    expect(run.reason("no")).toBe("Step no was skipped. Upstream step maybe did not yield its output no.");
    expect(run.reason("afterNo")).toBe("Step afterNo was skipped. Upstream step no was skipped.");
    expect(run.launcher.requests.find((r) => r.stepKey === "both")?.notYielded).toEqual({ no: ["result"] });
  });

  test("a fan-in with a failed source is skipped as a whole", async () => {
    const run = await drive(branches, { yes: boom() });
    expect(run.ends.both).toBe("SKIPPED");
  });
});

describe("dynamic outputs", () => {
  const mapped = ops({
    split: {},
    one: { def: "x", inputs: { a: from("split", "part") } },
    two: { def: "x", inputs: { a: from("one"), b: from("side") } },
    side: { def: "x" },
    merge: { def: "x", inputs: { a: collect("two") } },
    all: { def: "x", inputs: { a: collect("split", "part") } },
  });

  test("each mapping key gets its copy of a whole chain, and collect waits for all of them", async () => {
    const run = await drive(mapped, {});
    expect(run.outcome).toBe("SUCCESS");
    expect(Object.keys(run.ends).sort()).toEqual([
      "all",
      "merge",
      "one[a]",
      "one[b]",
      "side",
      "split",
      "two[a]",
      "two[b]",
    ]);
    expect(run.launcher.requests.find((r) => r.stepKey === "merge")?.mappingKeys).toEqual({
      split: { part: ["a", "b"] },
    });
    expect(run.started.indexOf("merge")).toBeGreaterThan(run.started.indexOf("two[b]"));
    const planned = run.events.find((e) => e.type === "RUN_PLAN");
    expect(planned?.steps.find((s) => s.key === "two[?]")?.upstream).toEqual(["one[?]", "side"]);
  });

  test("of zero values the mapped steps are skipped once and a collect runs with nothing", async () => {
    const run = await drive(mapped, { split: { outputs: [] } });
    expect(run.outcome).toBe("SUCCESS");
    expect(run.ends).toEqual({
      split: "SUCCESS",
      side: "SUCCESS",
      "one[?]": "SKIPPED",
      "two[?]": "SKIPPED",
      merge: "SUCCESS",
      all: "SUCCESS",
    });
  });

  test("one failed copy stops its own chain and the collect, not the other copies", async () => {
    const run = await drive(mapped, { "one[a]": boom() });
    expect(run.ends).toMatchObject({
      "one[a]": "FAILURE",
      "two[a]": "SKIPPED",
      "two[b]": "SUCCESS",
      merge: "SKIPPED",
      all: "SUCCESS",
    });
    expect(run.reason("merge")).toBe("Step merge was skipped. Upstream step two[a] did not run.");
  });

  test("a failed dynamic step ends its templates and their collect", async () => {
    const run = await drive(mapped, { split: boom() });
    expect(run.ends).toEqual({
      split: "FAILURE",
      side: "SUCCESS",
      "one[?]": "SKIPPED",
      "two[?]": "SKIPPED",
      merge: "SKIPPED",
      all: "SKIPPED",
    });
  });

  test("a copy that yields nothing is left out of the collect; when all yield nothing the collect is skipped", async () => {
    const some = await drive(mapped, { "two[a]": { outputs: [] } });
    expect(some.launcher.requests.find((r) => r.stepKey === "merge")?.notYielded).toEqual({
      "two[a]": ["result"],
    });
    expect((await drive(mapped, { two: { outputs: [] } })).ends.merge).toBe("SKIPPED");
  });

  test("re-execution runs the failed copy and takes the keys and the other copies as known", async () => {
    const known = {
      outputsFrom: { split: "parent", "one[a]": "parent" },
      mappingKeys: { split: { part: ["a", "b"] } },
    };
    const run = await drive(mapped, {}, { steps: ["two[b]", "merge"], run: { known } });
    expect(run.ends).toEqual({ "two[b]": "SUCCESS", merge: "SUCCESS" });
  });

  test("without known mapping keys a mapped step fails and says what to do", async () => {
    const run = await drive(mapped, {}, { steps: ["two", "merge"] });
    expect(run.events.find((e) => e.type === "STEP_FAILURE")?.message).toMatch(
      /mapping keys are not known: re-execute split too/,
    );
    expect(run.ends.merge).toBe("SKIPPED");
  });
});

test("a resumed worker does not repeat what an earlier attempt of its run has stored", async () => {
  const run = await drive(
    chain,
    {},
    { run: { attempt: 2, known: { outputsFrom: { first: "run", second: "run" }, mappingKeys: {} } } },
  );
  expect(run.ends).toEqual({ third: "SUCCESS", other: "SUCCESS" });
});

describe("retries", () => {
  const one = ops({ retried: {}, after: { def: "x", inputs: { a: from("retried") } } });
  const failTimes =
    (n: number, result: StepResult): Script[string] =>
    (request) =>
      request.stepAttempt <= n ? (result as Answer) : {};

  test("a policy repeats the step with growing delay, and the run succeeds", async () => {
    const run = await drive(one, { retried: failTimes(3, boom()) });
    expect(run.outcome).toBe("SUCCESS");
    expect(run.waits).toEqual([2, 6, 14]);
    expect(
      run.events
        .filter((e) => e.stepKey === "retried")
        .map((e) => ("attempt" in e ? `${e.type} ${e.attempt}` : e.type)),
    ).toEqual([
      "STEP_UP_FOR_RETRY 1",
      "STEP_RESTARTED 2",
      "STEP_UP_FOR_RETRY 2",
      "STEP_RESTARTED 3",
      "STEP_UP_FOR_RETRY 3",
      "STEP_RESTARTED 4",
      "STEP_SUCCESS",
    ]);
  });

  test("after the last try the step has failed once", async () => {
    const run = await drive(one, { retried: boom() });
    expect(run.ends).toEqual({ retried: "FAILURE", after: "SKIPPED" });
    expect(run.started.length).toBe(4);
  });

  test("a failure that is not retryable is final", async () => {
    const run = await drive(one, {
      retried: { kind: "failure", error: { name: "Failure", message: "no" }, retryable: false },
    });
    expect(run.started).toEqual(["retried"]);
  });

  test("RetryRequested states its own delay and number, with no policy", async () => {
    const retry: StepResult = {
      kind: "retry",
      error: { name: "RetryRequested", message: "later" },
      seconds: 7,
      maxRetries: 1,
    };
    expect(await drive(chain, { first: failTimes(1, retry) })).toMatchObject({
      outcome: "SUCCESS",
      waits: [7],
    });
    expect(await drive(chain, { first: failTimes(2, retry) })).toMatchObject({
      outcome: "FAILURE",
      waits: [7],
    });
  });

  test("jitter is drawn from the given random numbers", async () => {
    const policy = { maxRetries: 1, delay: 10, backoff: "linear" } as const;
    const waits = async (jitter: "full" | "plus_minus", random: number) =>
      (
        await drive(
          snapshot({
            nodes: [op("r", { retryPolicy: { ...policy, jitter } }), graph("main", { r: {} })],
            jobs: [{}],
          }),
          { r: boom() },
          { random: () => random },
        )
      ).waits;
    expect(await waits("full", 0.25)).toEqual([2.5]);
    expect(await waits("plus_minus", 0.75)).toEqual([15]);
  });
});

describe("cancel", () => {
  const untilCanceled =
    (controller: AbortController): Script[string] =>
    (_request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve({ kind: "canceled" }));
        setImmediate(() => controller.abort());
      });

  test("running steps get the signal, no step starts any more, the run ends CANCELED", async () => {
    const controller = new AbortController();
    const run = await drive(chain, { first: untilCanceled(controller) }, { signal: controller.signal });
    expect(run.outcome).toBe("CANCELED");
    expect(run.started).toEqual(["first", "other"]);
    expect(run.ends).toEqual({ other: "SUCCESS" });
    expect(run.events.at(-1)?.type).toBe("RUN_CANCELED");
  });

  test("a step that waits for its retry wakes up and does not start", async () => {
    const controller = new AbortController();
    const plan = planRun(ops({ retried: {} }), { job: "job" });
    const launcher = new ScriptedLauncher(plan, { retried: boom() });
    const emit: EmitEvent = (event) => {
      if (event.type === "STEP_UP_FOR_RETRY") setImmediate(() => controller.abort());
    };
    expect(await orchestrate({ plan, run: runContext(), launcher, emit, signal: controller.signal })).toBe(
      "CANCELED",
    );
    expect(launcher.requests.length).toBe(1);
  });

  test("canceled before the start, nothing runs", async () => {
    const run = await drive(chain, {}, { signal: AbortSignal.abort() });
    expect(run).toMatchObject({ outcome: "CANCELED", started: [] });
  });
});

describe("a run of assets", () => {
  const defs = snapshot({
    assets: [asset("a"), asset("b", ["a"]), asset("c", ["~b"]), asset("free")],
    checks: [check("a", "rows", { blocking: true })],
  });

  test("plans each asset", async () => {
    const run = await drive(defs, {});
    expect(
      run.events.filter((e) => e.type === "ASSET_MATERIALIZATION_PLANNED").map((e) => e.message),
    ).toContain("a is to be materialized by step a.");
    expect(run.ends).toEqual({
      a: "SUCCESS",
      a__rows: "SUCCESS",
      b: "SUCCESS",
      c: "SUCCESS",
      free: "SUCCESS",
    });
  });

  test("plans each key of a range only for assets with partitions", async () => {
    const partitions = { kind: "static" as const, keys: ["x", "y", "z"] };
    const mixed = snapshot({ assets: [asset("parts", [], { partitions }), asset("whole")] });
    const run = await drive(mixed, {}, { run: { partition: { start: "x", end: "y" } } });
    const planned = run.events.flatMap((e) =>
      e.type === "ASSET_MATERIALIZATION_PLANNED" ? [[e.asset.join("/"), e.partition]] : [],
    );
    expect(planned).toEqual([
      ["parts", "x"],
      ["parts", "y"],
      ["whole", undefined],
    ]);
  });

  test("a failed blocking check skips what is downstream and fails the run", async () => {
    const run = await drive(defs, { a__rows: { outputs: [{ name: "result" }], blockedAssets: [["a"]] } });
    expect(run.outcome).toBe("FAILURE");
    expect(run.ends).toEqual({
      a: "SUCCESS",
      a__rows: "SUCCESS",
      b: "SKIPPED",
      c: "SKIPPED",
      free: "SUCCESS",
    });
    expect(run.reason("b")).toBe("Step b was skipped. A blocking check of its upstream asset a failed.");
    expect(run.events.at(-1)?.message).toBe("The run failed after 0 ms. Blocking checks failed for a.");
  });

  test("a blocking check that throws also stops what is downstream", async () => {
    expect((await drive(defs, { a__rows: boom() })).ends).toMatchObject({ a__rows: "FAILURE", b: "SKIPPED" });
  });
});

/** Slots of a pool in memory; a slot goes when the step that held it has ended. */
class Slots implements PoolSlots {
  readonly taken: string[] = [];
  readonly waiting: { stepKey: string; priority: number; give: () => void }[] = [];
  most = 0;
  free: number;

  constructor(free: number) {
    this.free = free;
  }

  async take(...[step, waits, signal]: Parameters<PoolSlots["take"]>): Promise<void> {
    const { stepKey, priority } = step;
    if (this.free === 0) {
      waits();
      await new Promise<void>((resolve) => {
        this.waiting.push({ stepKey, priority, give: resolve });
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (signal.aborted) return;
    } else this.free--;
    this.taken.push(`${stepKey}#${step.attempt}`);
    this.most = Math.max(this.most, ++this.held);
  }

  held = 0;

  release(): void {
    this.held--;
    const next = this.waiting.shift();
    if (next) next.give();
    else this.free++;
  }
}

describe("steps in a pool", () => {
  const pooled = (names: string[]) =>
    snapshot({
      nodes: [
        op("x", { pool: "db" }),
        op("free", {}),
        graph("main", {
          ...Object.fromEntries(names.map((name) => [name, { def: "x" }])),
          other: { def: "free" },
        }),
      ],
      jobs: [{}],
    });

  test("start with a slot of it, the others meanwhile, and the events say who waits", async () => {
    const slots = new Slots(2);
    const names = ["a", "b", "c", "d", "e"];
    const works = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      slots.release();
      return {};
    };
    const script = Object.fromEntries(names.map((name) => [name, works]));
    const run = await drive(pooled(names), script, { slots, maxConcurrent: 10 });
    expect(run.outcome).toBe("SUCCESS");
    expect(slots.most).toBe(2);
    expect(slots.taken.map((key) => key.slice(0, 1)).sort()).toEqual(names);
    expect(run.started.indexOf("other")).toBeLessThan(3);
    const told = run.events.filter(({ type }) => type === "ENGINE_EVENT").map(({ message }) => message);
    expect(told).toContain("Step c waits for a slot of pool db: all of them are taken.");
    expect(told).toContain("Step c has a slot of pool db after 0 ms.");
    expect(told.filter((message) => message.startsWith("Step a"))).toEqual([]);
  });

  test("do not take slots that they could not use", async () => {
    const slots = new Slots(5);
    const names = ["a", "b", "c"];
    let most = 0;
    const works = () => {
      most = Math.max(most, slots.held);
      slots.release();
      return {};
    };
    const script = Object.fromEntries(names.map((name) => [name, works]));
    await drive(pooled(names), script, { slots, maxConcurrent: 1 });
    expect(most).toBe(1);
  });

  test("ask again for each retry", async () => {
    const slots = new Slots(1);
    let tries = 0;
    const run = await drive(
      pooled(["a"]),
      {
        a: () => {
          slots.release();
          return ++tries < 3
            ? { kind: "retry", error: { name: "E", message: "" }, seconds: 0, maxRetries: 5 }
            : {};
        },
      },
      { slots },
    );
    expect(run.outcome).toBe("SUCCESS");
    expect(slots.taken).toEqual(["a#1", "a#2", "a#3"]);
  });

  test("that wait are let go when the run is canceled", async () => {
    const controller = new AbortController();
    const slots = new Slots(0);
    const canceled = drive(pooled(["a", "b"]), {}, { slots, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    const run = await canceled;
    expect(run.outcome).toBe("CANCELED");
    expect(run.started).toEqual(["other"]);
  });

  test("whose slots nobody can tell of end the loop with the reason", async () => {
    const slots: PoolSlots = { take: () => Promise.reject(new Error("fenced")) };
    await expect(drive(pooled(["a"]), {}, { slots })).rejects.toThrow("fenced");
  });
});
