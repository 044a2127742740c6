/** Re-execution: a new run made from an ended one, which keeps what was already made. */
import {
  type DefinitionsSnapshot,
  type Plan,
  PlanError,
  planRun,
  type RunContext,
} from "@dagster-operator/sdk/internal";
import { InvalidInput, NotFound } from "../errors.ts";
import { RETRY_NUMBER_TAG } from "../monitoring/retry.ts";
import type { RunRecord } from "../ports/run-storage.ts";
import { isEnded } from "../run-state/status.ts";
import { knownAfter, readMade, recordsWithFailedChecks, unfinishedSteps } from "./ended-run.ts";
import { type SubmitDeps, type Submitted, serving, submitRun } from "./submit.ts";

export interface Reexecution {
  /**
   * `ALL_STEPS`: the parent's whole target again. `FROM_FAILURE`: what did not succeed, and what is downstream of it.
   * `SELECTED_STEPS`: the steps named in `steps` alone.
   */
  strategy: "ALL_STEPS" | "FROM_FAILURE" | "SELECTED_STEPS";
  steps?: string[] | undefined;
  /** Added to the parent's tags. */
  tags?: Record<string, string> | undefined;
  /** Replaces the parent's run config. */
  runConfig?: Record<string, unknown> | undefined;
  idempotencyKey?: string | undefined;
}

/**
 * Submits a run whose parent is `parentRunId`. It runs the code of now, and reads what the parent (or its parents) stored.
 * @throws NotFound · InvalidInput the parent has not ended, or nothing of it failed · all that `submitRun` throws
 */
export async function reexecuteRun(
  deps: SubmitDeps,
  parentRunId: string,
  how: Reexecution,
): Promise<Submitted> {
  const parent = await deps.storage.runs.get(parentRunId);
  if (!parent) throw new NotFound("run", parentRunId);
  if (!isEnded(parent.status)) {
    throw new InvalidInput(
      `run ${parentRunId} is ${parent.status}: wait for its end or terminate it, then re-execute it`,
    );
  }
  const steps = how.strategy === "ALL_STEPS" ? null : await stepsToRun(deps, parent, how);
  return submitRun(deps, {
    location: parent.location,
    job: parent.job,
    assets: parent.assets ?? undefined,
    checks: parent.checks ?? undefined,
    steps: steps?.rerun,
    runConfig: how.runConfig ?? parent.runConfig,
    tags: { ...inheritedTags(parent.tags), ...(steps ? stepTags(how, steps.rerun) : {}), ...how.tags },
    partition: parent.partition,
    idempotencyKey: how.idempotencyKey,
    lineage: {
      parentRunId,
      rootRunId: parent.rootRunId ?? parentRunId,
      known: steps?.known ?? { outputsFrom: {}, mappingKeys: {} },
    },
  });
}

async function stepsToRun(
  { workspace, storage }: SubmitDeps,
  parent: RunRecord,
  { strategy, steps }: Reexecution,
): Promise<{ rerun: string[]; known: RunContext["known"] }> {
  const { snapshot } = serving(workspace, parent.location);
  const records =
    strategy === "FROM_FAILURE"
      ? await recordsWithFailedChecks(storage, parent.runId, snapshot)
      : await storage.runs.steps(parent.runId);
  const plan = planOf(snapshot, parent);
  const made = await readMade(storage, parent.runId, plan, records);
  const mappingKeys = { ...parent.known.mappingKeys, ...made.mappingKeys };
  const rerun = strategy === "FROM_FAILURE" ? unfinishedSteps(plan, records, mappingKeys) : (steps ?? []);
  if (rerun.length === 0) {
    const message =
      strategy === "FROM_FAILURE"
        ? `run ${parent.runId} has no failed step: re-execute all of its steps`
        : "no steps are selected: name at least one";
    throw new InvalidInput(message, [{ path: "steps", message }]);
  }
  return { rerun, known: knownAfter(parent, records, made, rerun) };
}

function planOf(snapshot: DefinitionsSnapshot, parent: RunRecord): Plan {
  try {
    return planRun(snapshot, {
      job: parent.job,
      assets: parent.assets ?? undefined,
      checks: parent.checks ?? undefined,
      steps: parent.steps ?? undefined,
    });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    throw new InvalidInput(
      `the code has changed since run ${parent.runId}: ${error.message}. Launch a new run instead`,
    );
  }
}

/** Tags that say how the parent came to be do not hold for the new run. */
const OWN_TAGS = new Set([
  "dagster/run_key",
  "dagster/tick",
  "dagster/schedule_name",
  "dagster/sensor_name",
  "dagster/parent_run_id",
  "dagster/root_run_id",
  "dagster/step_selection",
  RETRY_NUMBER_TAG,
]);

function inheritedTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).filter(([key]) => !OWN_TAGS.has(key) && !key.startsWith(".dagster/")),
  );
}

function stepTags({ strategy }: Reexecution, rerun: string[]): Record<string, string> {
  return strategy === "FROM_FAILURE"
    ? { ".dagster/is_resume_retry": "true" }
    : { "dagster/step_selection": rerun.join(",") };
}
