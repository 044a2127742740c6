/** The events that the step loop writes itself, with the sentences that a person reads. */

import type { AssetKey } from "../model/definitions.ts";
import type { ErrorInfo, RunEvent } from "../model/event.ts";
import { partitionKeysInRange } from "../partitions/keys.ts";
import type { Plan, Step } from "./plan.ts";
import { assetPath } from "./snapshot-index.ts";
import type { EmitEvent, RunContext } from "./step-protocol.ts";

export type Outcome = "SUCCESS" | "FAILURE" | "CANCELED";

type Body = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "ts" | "level"> : never) : never;

export class RunEvents {
  readonly #emit: EmitEvent;
  readonly #now: () => number;
  #startedAt = 0;

  constructor(emit: EmitEvent, now: () => number) {
    this.#emit = emit;
    this.#now = now;
  }

  /** RUN_PLAN, ASSET_MATERIALIZATION_PLANNED for each asset (and key of a range), RUN_START. */
  started(plan: Plan, run: RunContext): void {
    const now = this.#now();
    this.#startedAt = now;
    const planned = plan.steps.flatMap((step) =>
      step.outputs.flatMap((output) =>
        output.asset && !output.observes
          ? [{ step, key: output.asset, keys: partitionsOf(output, run, now) }]
          : [],
      ),
    );
    const checks = plan.steps.flatMap((step) => step.checks.map(({ asset, name }) => ({ asset, name })));
    const templates = new Set(plan.steps.flatMap((step) => (step.mapOver ? [step.key] : [])));
    const shown = (key: string) => (templates.has(key) ? `${key}[?]` : key);
    this.#write("INFO", {
      type: "RUN_PLAN",
      message: `Planned ${count(plan.steps.length, "step")}${planned.length > 0 ? ` for ${count(planned.length, "asset")}` : ""} of job ${run.job}.`,
      steps: plan.steps.map((step) => ({
        key: shown(step.key),
        node: step.op.name,
        assets: step.outputs.flatMap((output) => (output.asset ? [output.asset] : [])),
        upstream: step.upstream.map(shown),
      })),
      assets: planned.map((asset) => asset.key),
      ...(checks.length > 0 && { checks }),
      ...(run.partition && "key" in run.partition && { partition: run.partition.key }),
    });
    for (const { step, key, keys } of planned)
      for (const partition of keys) this.#planned(step, key, partition);
    this.#write("INFO", { type: "RUN_START", message: `Started run ${run.runId} of job ${run.job}.` });
  }

  stepSucceeded(stepKey: string, durationMs: number): void {
    this.#write("INFO", {
      type: "STEP_SUCCESS",
      stepKey,
      durationMs,
      message: `Step ${stepKey} succeeded in ${seconds(durationMs)}.`,
    });
  }

  stepFailed(stepKey: string, error: ErrorInfo): void {
    this.#write("ERROR", {
      type: "STEP_FAILURE",
      stepKey,
      error,
      message: `Step ${stepKey} failed: ${said(error)}`,
    });
  }

  stepSkipped(stepKey: string, reason: string): void {
    this.#write("INFO", {
      type: "STEP_SKIPPED",
      stepKey,
      reason,
      message: `Step ${stepKey} was skipped. ${reason}`,
    });
  }

  /** `attempt` is the try that failed, from 1. */
  stepUpForRetry(stepKey: string, attempt: number, secondsToWait: number, error: ErrorInfo): void {
    const when = secondsToWait > 0 ? `in ${seconds(secondsToWait * 1000)}` : "at once";
    const message = `Try ${attempt} of step ${stepKey} failed and is repeated ${when}: ${said(error)}`;
    this.#write("WARNING", { type: "STEP_UP_FOR_RETRY", stepKey, attempt, secondsToWait, error, message });
  }

  /** `attempt` is the try that starts, from 2. */
  stepRestarted(stepKey: string, attempt: number): void {
    this.#write("INFO", {
      type: "STEP_RESTARTED",
      stepKey,
      attempt,
      message: `Started try ${attempt} of step ${stepKey}.`,
    });
  }

  slotAwaited(stepKey: string, pool: string): void {
    this.#write("INFO", {
      type: "ENGINE_EVENT",
      stepKey,
      message: `Step ${stepKey} waits for a slot of pool ${pool}: all of them are taken.`,
    });
  }

  slotHeld(stepKey: string, pool: string, since: number): void {
    const waited = seconds(this.#now() - since);
    this.#write("INFO", {
      type: "ENGINE_EVENT",
      stepKey,
      message: `Step ${stepKey} has a slot of pool ${pool} after ${waited}.`,
    });
  }

  ended(end: {
    canceled: boolean;
    failures: { key: string; error: ErrorInfo }[];
    blockedAssets: string[];
    steps: number;
  }): Outcome {
    const took = seconds(this.#now() - this.#startedAt);
    if (end.canceled) {
      this.#write("WARNING", { type: "RUN_CANCELED", message: `The run was canceled after ${took}.` });
      return "CANCELED";
    }
    const first = end.failures[0];
    if (!first && end.blockedAssets.length === 0) {
      this.#write("INFO", { type: "RUN_SUCCESS", message: `The run succeeded in ${took}.` });
      return "SUCCESS";
    }
    const why: string[] = [];
    if (first)
      why.push(`${count(end.failures.length, "step")} failed: ${listed(end.failures.map((f) => f.key))}.`);
    if (end.blockedAssets.length > 0) why.push(`Blocking checks failed for ${listed(end.blockedAssets)}.`);
    const error: ErrorInfo = { name: "RunFailure", message: why.join(" ") };
    if (first) error.cause = first.error;
    this.#write("ERROR", {
      type: "RUN_FAILURE",
      message: `The run failed after ${took}. ${error.message}`,
      error,
    });
    return "FAILURE";
  }

  #planned(step: Step, asset: AssetKey, partition: string | undefined): void {
    const what = partition === undefined ? assetPath(asset) : `${assetPath(asset)} (${partition})`;
    this.#write("INFO", {
      type: "ASSET_MATERIALIZATION_PLANNED",
      stepKey: step.key,
      asset,
      ...(partition !== undefined && { partition }),
      message: `${what} is to be materialized by step ${step.key}.`,
    });
  }

  #write(level: RunEvent["level"], body: Body): void {
    this.#emit({ ts: this.#now(), level, ...body } as RunEvent);
  }
}

/** Keys that a run makes of an asset; `[undefined]` when it has no partitions. */
function partitionsOf(output: Step["outputs"][number], run: RunContext, now: number): (string | undefined)[] {
  if (!output.partitions || !run.partition) return [undefined];
  if ("key" in run.partition) return [run.partition.key];
  const { start, end } = run.partition;
  // Keys of dynamic partitions have no order that both ends could stand for: only the ends are told.
  return partitionKeysInRange(output.partitions, start, end, { now, dynamic: () => [start, end] });
}

const said = (error: ErrorInfo) => `${error.name === "Error" ? "" : `${error.name}: `}${error.message}`;
const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const seconds = (ms: number) =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const listed = (names: string[]) =>
  names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
