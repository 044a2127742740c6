/** Re-execution: a new run made from an ended one, which keeps what was already made. */
import {
  type DefinitionsSnapshot,
  type Plan,
  PlanError,
  planRun,
  type RunContext,
} from "@dagster-operator/sdk/internal";
import { InvalidInput, NotFound } from "../errors.ts";
import type { RunRecord, StepRecord } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";
import { isEnded } from "../run-state/status.ts";
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
  const records = await storage.runs.steps(parent.runId);
  const plan = planOf(snapshot, parent);
  const mappingKeys = {
    ...parent.known.mappingKeys,
    ...(await madeMappingKeys(storage, parent.runId, plan)),
  };
  const rerun =
    strategy === "FROM_FAILURE"
      ? unfinishedSteps(
          plan,
          withFailedChecks(records, await blockingSteps(storage, parent.runId, snapshot)),
          mappingKeys,
        )
      : (steps ?? []);
  if (rerun.length === 0) {
    const message =
      strategy === "FROM_FAILURE"
        ? `run ${parent.runId} has no failed step: re-execute all of its steps`
        : "no steps are selected: name at least one";
    throw new InvalidInput(message, [{ path: "steps", message }]);
  }
  return { rerun, known: knownAfter(parent, records, mappingKeys, rerun) };
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

/** Steps whose blocking check failed: they ended well themselves, but the run stopped behind them. */
async function blockingSteps(
  storage: Storage,
  runId: string,
  snapshot: DefinitionsSnapshot,
): Promise<Set<string>> {
  const blocking = new Set(
    snapshot.checks
      .filter((check) => check.blocking)
      .map((check) => JSON.stringify([check.asset, check.name])),
  );
  const steps = new Set<string>();
  if (blocking.size === 0) return steps;
  for (let after: number | undefined; ; ) {
    const page = await storage.events.list(runId, { types: ["ASSET_CHECK_EVALUATION"], after, limit: 1000 });
    for (const { event } of page) {
      if (event.type !== "ASSET_CHECK_EVALUATION" || event.stepKey === undefined) continue;
      if (
        event.passed ||
        event.severity !== "ERROR" ||
        !blocking.has(JSON.stringify([event.asset, event.check]))
      )
        continue;
      steps.add(event.stepKey);
    }
    after = page.at(-1)?.id;
    if (page.length < 1000) return steps;
  }
}

function withFailedChecks(records: StepRecord[], failed: Set<string>): StepRecord[] {
  return records.map((record) => (failed.has(record.stepKey) ? { ...record, status: "FAILURE" } : record));
}

/** `step → output → mapping keys` of the dynamic outputs that a run made. */
async function madeMappingKeys(
  storage: Storage,
  runId: string,
  plan: Plan,
): Promise<RunContext["known"]["mappingKeys"]> {
  const made: RunContext["known"]["mappingKeys"] = {};
  for (const step of plan.steps) {
    if (!step.outputs.some((output) => output.dynamic)) continue;
    for (let after: number | undefined; ; ) {
      const page = await storage.events.list(runId, {
        types: ["STEP_OUTPUT"],
        stepKey: step.key,
        after,
        limit: 1000,
      });
      for (const { event } of page) {
        if (event.type !== "STEP_OUTPUT" || event.mappingKey === undefined) continue;
        made[step.key] ??= {};
        const outputs = made[step.key] ?? {};
        outputs[event.output] = [...new Set(outputs[event.output]).add(event.mappingKey)];
      }
      after = page.at(-1)?.id;
      if (page.length < 1000) break;
    }
  }
  return made;
}

/**
 * Step keys that a run from failure executes: those that did not succeed, and those downstream of them. A step that was
 * skipped because its input was never yielded stays skipped. Of a mapped step only the copies that need it (`b[k]`).
 */
export function unfinishedSteps(
  plan: Plan,
  records: readonly StepRecord[],
  mappingKeys: RunContext["known"]["mappingKeys"],
): string[] {
  const statuses = new Map(records.map((record) => [record.stepKey, record.status]));
  const again = new Set<string>();
  const rerun: string[] = [];
  for (const step of plan.steps) {
    const upstreamAgain = step.upstream.some((key) => again.has(key));
    const { mapOver } = step;
    if (mapOver && !again.has(mapOver.step)) {
      const keys = step.copies ?? mappingKeys[mapOver.step]?.[mapOver.output] ?? [];
      const copies = keys
        .map((key) => `${step.key}[${key}]`)
        .filter((copy) => statuses.get(copy) !== "SUCCESS");
      if (copies.length > 0) {
        again.add(step.key);
        rerun.push(...copies);
      }
      continue;
    }
    const status = statuses.get(step.key);
    if (upstreamAgain || (status !== "SUCCESS" && status !== "SKIPPED")) {
      again.add(step.key);
      rerun.push(step.key);
    }
  }
  return rerun;
}

/** What the new run may read: outputs and mapping keys of every step that it does not execute itself. */
export function knownAfter(
  parent: Pick<RunRecord, "runId" | "known">,
  records: readonly StepRecord[],
  mappingKeys: RunContext["known"]["mappingKeys"],
  rerun: readonly string[],
): RunContext["known"] {
  const again = new Set(rerun);
  const isAgain = (key: string) => again.has(key) || again.has(key.replace(/\[[^\]]*\]$/, ""));
  const outputs = new Map(Object.entries(parent.known.outputsFrom));
  for (const { stepKey, status } of records) if (status === "SUCCESS") outputs.set(stepKey, parent.runId);
  return {
    outputsFrom: Object.fromEntries([...outputs].filter(([key]) => !isAgain(key))),
    mappingKeys: Object.fromEntries(Object.entries(mappingKeys).filter(([key]) => !isAgain(key))),
  };
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
