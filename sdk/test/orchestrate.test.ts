import { describe, expect, test } from "@jest/globals";
import { orchestrate } from "../src/execution/orchestrate.ts";
import { planRun } from "../src/execution/plan.ts";
import type { EmitEvent } from "../src/execution/step-protocol.ts";
import { chain, drive, ops } from "./orchestrated.ts";
import { boom, runContext, ScriptedLauncher } from "./scripted-launcher.ts";
import { asset, check, collect, fanIn, from, graph, op, snapshot } from "./snapshot-builder.ts";

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
