import { orchestrate } from "../src/execution/orchestrate.ts";
import { planRun } from "../src/execution/plan.ts";
import type { PoolSlots } from "../src/execution/pool-gate.ts";
import type { RunContext } from "../src/execution/step-protocol.ts";
import { ASSET_JOB, type DefinitionsSnapshot } from "../src/model/definitions.ts";
import { RunEvent } from "../src/model/event.ts";
import { runContext, type Script, ScriptedLauncher } from "./scripted-launcher.ts";
import { from, graph, op, snapshot } from "./snapshot-builder.ts";

/** Orchestrates a plan of these definitions whose steps do what the script says, and tells what happened. */
export async function drive(
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

/** A job of these nodes. */
export const ops = (nodes: Parameters<typeof graph>[1], job = {}) =>
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
export const chain = ops({
  first: { def: "x" },
  second: { def: "x", inputs: { a: from("first") } },
  third: { def: "x", inputs: { a: from("second") } },
  other: { def: "x" },
});
