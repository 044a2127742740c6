import { fileURLToPath } from "node:url";
import {
  type DefinitionsSnapshot,
  orchestrate,
  planRun,
  type RunContext,
  type RunEvent,
  type StepLauncher,
  type StepRequest,
} from "@dagster-operator/sdk/internal";
import { afterEach, describe, expect, test } from "@jest/globals";
import definitions from "./fixtures/launcher-definitions.ts";

/** The user code of the contract: an adapter with processes of its own loads this file there. */
export const launcherDefinitionsFile = fileURLToPath(
  new URL(
    `./fixtures/launcher-definitions${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
    import.meta.url,
  ),
);
export { definitions as launcherDefinitions };

export interface StepLauncherHarness {
  /** A launcher for one run of `launcherDefinitions`, whose values are kept at least until it is closed. */
  open(run: RunContext): Promise<StepLauncher>;
  /** True when a step that ends its process must fail alone. Default false. */
  isolated?: boolean;
}

/** What every adapter of the port StepLauncher does. */
export function stepLauncherContract(name: string, harness: StepLauncherHarness): void {
  let runs = 0;

  describe(`${name} as a step launcher`, () => {
    const opened: StepLauncher[] = [];
    const open = async (job: string) => {
      const run = runOf(job, `run-${process.pid}-${++runs}`);
      const launcher = await harness.open(run);
      opened.push(launcher);
      return { run, launcher };
    };
    /** One step by itself. */
    const runStep = async (
      job: string,
      stepKey: string,
      signal = new AbortController().signal,
      attempt = 1,
      heard?: (event: RunEvent) => void,
    ) => {
      const { run, launcher } = await open(job);
      const events: RunEvent[] = [];
      const emit = (event: RunEvent) => {
        events.push(event);
        heard?.(event);
      };
      const result = await launcher.run(requestOf(run, stepKey, attempt), emit, signal);
      return { result, events, launcher, run };
    };
    /** A whole job through the loop. */
    const runJob = async (job: string) => {
      const { run, launcher } = await open(job);
      const events: RunEvent[] = [];
      const plan = planRun(snapshot(), { job });
      const outcome = await orchestrate({
        plan,
        run,
        launcher,
        emit: (event) => events.push(event),
        signal: new AbortController().signal,
      });
      return { outcome, events, launcher };
    };

    afterEach(async () => {
      for (const launcher of opened.splice(0)) await launcher.close();
    });

    test("runs a step and passes its events on in order, without those that are the loop's", async () => {
      const { result, events } = await runStep("values", "numbers");
      expect(result).toMatchObject({ kind: "success", outputs: [{ name: "result" }], blockedAssets: [] });
      expect(result.kind === "success" && result.durationMs >= 0).toBe(true);
      expect(events[0]).toMatchObject({ type: "STEP_START", stepKey: "numbers" });
      expect(logs(events)).toEqual(["first line", "second line"]);
      const types = events.map((event) => event.type);
      expect(types).toContain("STEP_OUTPUT");
      expect(types.lastIndexOf("LOG_MESSAGE")).toBeLessThan(types.indexOf("STEP_OUTPUT"));
      expect(
        types.filter((type) => /^STEP_(SUCCESS|FAILURE|UP_FOR_RETRY|RESTARTED|SKIPPED)$|^RUN_/.test(type)),
      ).toEqual([]);
      expect(events.every((event) => event.stepKey === "numbers" || event.stepKey === undefined)).toBe(true);
    });

    test("hands values from step to step", async () => {
      const { outcome, events } = await runJob("values");
      expect(outcome).toBe("SUCCESS");
      expect(logs(events)).toContain("total 12");
    });

    test("hands each mapped copy its value, and all of them to what collects", async () => {
      const { outcome, events } = await runJob("mapped");
      expect(outcome).toBe("SUCCESS");
      expect(logs(events)).toEqual(["gathered 11 21 31"]);
      const copies = events.flatMap((event) => (event.type === "STEP_SUCCESS" ? [event.stepKey ?? ""] : []));
      expect(copies.filter((key) => key.startsWith("plus_one[")).sort()).toEqual([
        "plus_one[a]",
        "plus_one[b]",
        "plus_one[c]",
      ]);
    });

    test("tells which outputs and mapping keys a step yielded", async () => {
      expect((await runStep("mapped", "parts")).result).toMatchObject({
        outputs: [{ name: "result", mappingKeys: ["a", "b", "c"] }],
      });
      const { result } = await runStep("faults", "maybe");
      expect(result.kind === "success" && result.outputs.map((output) => output.name)).toEqual(["given"]);
    });

    test("an error that a step throws is its failure, with stack and cause", async () => {
      const { result } = await runStep("faults", "throws");
      expect(result).toMatchObject({
        kind: "failure",
        retryable: true,
        error: { name: "RangeError", message: "out of range", cause: { message: "the reason below" } },
      });
      expect(result.kind === "failure" && result.error.stack).toContain("launcher-definitions");
    });

    test("a thrown value that is no Error is a failure that shows it", async () => {
      const { result } = await runStep("faults", "throws_text");
      expect(result.kind).toBe("failure");
      expect(result.kind === "failure" && result.error.message).toContain("just text");
    });

    test("a retry that the step asks for, and one that it rules out, come through", async () => {
      expect((await runStep("faults", "asks_for_retry")).result).toMatchObject({
        kind: "retry",
        seconds: 2,
        maxRetries: 3,
      });
      expect((await runStep("faults", "asks_for_retry", undefined, 2)).result.kind).toBe("success");
      expect((await runStep("faults", "is_final")).result).toMatchObject({
        kind: "failure",
        retryable: false,
      });
    });

    test("a step that never ends is canceled, emits nothing after that, and the launcher closes", async () => {
      const controller = new AbortController();
      let after = 0;
      let resolved = false;
      const { result, events, launcher } = await runStep(
        "faults",
        "never_ends",
        controller.signal,
        1,
        (event) => {
          if (resolved) after++;
          if (event.type === "LOG_MESSAGE") controller.abort();
        },
      );
      resolved = true;
      expect(result).toEqual({ kind: "canceled" });
      expect(logs(events)).toEqual(["it has begun"]);
      await launcher.close();
      expect(after).toBe(0);
    });

    test("a step asked for after the cancel does not start", async () => {
      const { result, events } = await runStep("values", "numbers", AbortSignal.abort());
      expect(result).toEqual({ kind: "canceled" });
      expect(logs(events)).toEqual([]);
    });

    test("goes on with the next step after a failure and after a cancel", async () => {
      const { launcher, run } = await runStep("faults", "throws");
      const controller = new AbortController();
      const canceled = launcher.run(
        requestOf(run, "never_ends"),
        (event) => {
          if (event.type === "LOG_MESSAGE") controller.abort();
        },
        controller.signal,
      );
      expect(await canceled).toEqual({ kind: "canceled" });
      const next = await launcher.run(requestOf(run, "maybe"), () => {}, new AbortController().signal);
      expect(next.kind).toBe("success");
    });

    test("runs no more steps at once than it says, and all of them", async () => {
      const { outcome, events, launcher } = await runJob("wide");
      expect(outcome).toBe("SUCCESS");
      let running = 0;
      let most = 0;
      for (const event of events) {
        if (event.type === "STEP_START") most = Math.max(most, ++running);
        if (event.type === "STEP_SUCCESS") running--;
      }
      expect(most).toBeGreaterThanOrEqual(1);
      expect(most).toBeLessThanOrEqual(launcher.maxConcurrent);
      expect(events.filter((event) => event.type === "STEP_SUCCESS")).toHaveLength(6);
    });

    if (!harness.isolated) return;
    test("a step that ends its process fails alone, and says how", async () => {
      const { outcome, events } = await runJob("deadly");
      expect(outcome).toBe("FAILURE");
      const failed = events.filter((event) => event.type === "STEP_FAILURE");
      expect(failed.map((event) => event.stepKey)).toEqual(["exits"]);
      expect(failed[0]?.message).toMatch(/exit/);
      expect(events.some((event) => event.type === "STEP_SUCCESS" && event.stepKey === "numbers")).toBe(true);
    });
  });
}

let made: DefinitionsSnapshot | undefined;
function snapshot(): DefinitionsSnapshot {
  made ??= definitions.snapshot();
  return made;
}

const logs = (events: RunEvent[]) =>
  events.flatMap((event) => (event.type === "LOG_MESSAGE" ? [event.message] : []));

function requestOf(run: RunContext, stepKey: string, stepAttempt = 1): StepRequest {
  return { run, stepKey, stepAttempt, mappingKeys: {}, notYielded: {} };
}

function runOf(job: string, runId: string): RunContext {
  return {
    runId,
    job,
    location: "contract",
    assets: null,
    checks: null,
    steps: null,
    runConfig: {},
    tags: {},
    partition: null,
    parentRunId: null,
    rootRunId: null,
    known: { outputsFrom: {}, mappingKeys: {} },
    attempt: 1,
  };
}
