/**
 * Folding: a run's small state and a batch of its events → the set-based changes to what pages read.
 * Storage calls it inside the transaction that appends the batch:
 *
 *   1. `foldNeeds(events)` says which step rows to read; lock the run's row and read them (one statement).
 *   2. store the events, which gives each an id (or pass any number as id that leads back to the event).
 *   3. `fold(state, events)`, then write in this order: `steps` (upsert whole rows), `assets`, `checks`, and if `ended`
 *      is set the end rule for assets, last the run's row.
 *
 * Any split of the events into batches gives the same state.
 */
import type { ErrorInfo, RunEvent, RunStatus } from "@dagster-operator/sdk/internal";
import type { StepRecord } from "../ports/run-storage.ts";
import { type AssetChange, AssetChanges, type CheckChange } from "./fold-assets.ts";
import { FoldedSteps } from "./fold-steps.ts";
import { type EndStatus, isEnded, nextStatus } from "./status.ts";

/** What the fold reads and writes of a run's row. Times in milliseconds since the epoch. */
export interface RunFoldState {
  status: RunStatus;
  startedAt: number | null;
  endedAt: number | null;
  error: ErrorInfo | null;
  stepsTotal: number;
  stepsDone: number;
}

export interface FoldState {
  run: RunFoldState;
  /** At least the rows that `foldNeeds` names, as far as they exist. */
  steps: readonly StepRecord[];
}

export interface FoldEvent {
  id: number;
  event: RunEvent;
}

export interface FoldResult {
  /** The run's row afterwards; the same object as before when nothing changed. */
  run: RunFoldState;
  /** Set once, by RUN_PLAN: the run's planned assets. null = unchanged. */
  plannedAssets: string[][] | null;
  /** Rows that changed, whole: upsert by (run, step key). */
  steps: StepRecord[];
  /** One row per (asset, partition) of this batch, in order of first appearance. */
  assets: AssetChange[];
  /** Newest evaluation per (asset, check, partition). */
  checks: CheckChange[];
  /**
   * Set when the run ended in this batch. Then, after `assets` is written, what this run planned and did not make is no
   * longer in progress: on FAILURE it is FAILED; on SUCCESS or CANCELED it is again what it was before
   * (MATERIALIZED if it ever was, else nothing).
   */
  ended: EndStatus | null;
}

/** Which step rows `fold` must be given: those named, and with `open` all that are IN_PROGRESS or UP_FOR_RETRY. */
export function foldNeeds(events: readonly { event: RunEvent }[]): { stepKeys: string[]; open: boolean } {
  const stepKeys = new Set<string>();
  let open = false;
  for (const { event } of events) {
    switch (event.type) {
      case "STEP_START":
      case "STEP_SUCCESS":
      case "STEP_FAILURE":
      case "STEP_SKIPPED":
      case "STEP_UP_FOR_RETRY":
      case "STEP_RESTARTED":
        if (event.stepKey !== undefined) stepKeys.add(event.stepKey);
        break;
      case "RUN_SUCCESS":
      case "RUN_FAILURE":
      case "RUN_CANCELED":
        open = true;
        break;
    }
  }
  return { stepKeys: [...stepKeys], open };
}

/** Pure. Events of a run that has ended change neither its status nor its steps, but what they made of assets is still true. */
export function fold(state: FoldState, events: readonly FoldEvent[]): FoldResult {
  let run = state.run;
  let plannedAssets: string[][] | null = null;
  let ended: EndStatus | null = null;
  const steps = new FoldedSteps(state.steps);
  const assets = new AssetChanges();

  for (const { id, event } of events) {
    const open = !isEnded(run.status);
    switch (event.type) {
      case "RUN_ENQUEUED":
      case "RUN_DEQUEUED":
      case "RUN_STARTING":
      case "RUN_START":
      case "RUN_SUCCESS":
      case "RUN_FAILURE":
      case "RUN_CANCELING":
      case "RUN_CANCELED": {
        const status = nextStatus(run.status, event.type);
        if (status === null) break;
        run = { ...run, status };
        if (status === "STARTED") run.startedAt ??= event.ts;
        if (isEnded(status)) {
          run.endedAt = event.ts;
          if (event.type === "RUN_FAILURE") {
            run.error = event.error ?? { name: "RunFailure", message: event.message };
          }
          steps.close(status, event.ts, run.error);
          ended = status;
        }
        break;
      }
      case "RUN_PLAN":
        if (open) {
          // A mapped step (`b[?]`) is not one of its copies, which count when they are first seen; and a second worker
          // attempt plans again, when copies have been counted already.
          const known = event.steps.filter(({ key }) => !key.endsWith("[?]")).length;
          run = { ...run, stepsTotal: Math.max(run.stepsTotal + steps.total, known) - steps.total };
        }
        plannedAssets ??= event.assets;
        for (const asset of event.assets) assets.plan(asset, event.partition, open);
        break;
      case "STEP_START":
      case "STEP_SUCCESS":
      case "STEP_FAILURE":
      case "STEP_SKIPPED":
      case "STEP_UP_FOR_RETRY":
      case "STEP_RESTARTED":
        if (open) steps.apply(event);
        break;
      case "ASSET_MATERIALIZATION_PLANNED":
        assets.plan(event.asset, event.partition, open);
        break;
      case "ASSET_MATERIALIZATION":
        assets.materialize(event.asset, event.partition, id);
        break;
      case "ASSET_OBSERVATION":
        assets.observe(event.asset, event.partition, id);
        break;
      case "ASSET_CHECK_EVALUATION":
        assets.check(event, id);
        break;
      case "ENGINE_EVENT":
      case "LOG_MESSAGE":
      case "STEP_INPUT":
      case "STEP_OUTPUT":
      case "HANDLED_OUTPUT":
      case "LOADED_INPUT":
      case "HOOK_COMPLETED":
      case "HOOK_ERRORED":
      case "RESOURCE_INIT_STARTED":
      case "RESOURCE_INIT_SUCCESS":
      case "RESOURCE_INIT_FAILURE":
      case "LOGS_CAPTURED":
        break;
      default:
        event satisfies never;
    }
  }

  if (steps.total !== 0 || steps.done !== 0) {
    run = { ...run, stepsTotal: run.stepsTotal + steps.total, stepsDone: run.stepsDone + steps.done };
  }
  return {
    run,
    plannedAssets,
    steps: steps.changed(),
    assets: assets.rows(),
    checks: assets.checkRows(),
    ended,
  };
}
