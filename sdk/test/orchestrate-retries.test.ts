import { describe, expect, test } from "@jest/globals";
import { orchestrate } from "../src/execution/orchestrate.ts";
import { planRun } from "../src/execution/plan.ts";
import type { EmitEvent, StepResult } from "../src/execution/step-protocol.ts";
import { chain, drive, ops } from "./orchestrated.ts";
import { type Answer, boom, runContext, type Script, ScriptedLauncher } from "./scripted-launcher.ts";
import { from, graph, op, snapshot } from "./snapshot-builder.ts";

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
