/** What an ended run leaves for one that goes on from it. */
import {
  type DefinitionsSnapshot,
  type Plan,
  PlanError,
  planRun,
  type RunContext,
  type RunEvent,
  type StepStatus,
} from "@dagster-operator/sdk/internal";
import type { RunRecord, StepRecord } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";

type Known = RunContext["known"];

/** What a run's own steps made of outputs that need not be there: dynamic ones, and those that are not required. */
export interface Made {
  mappingKeys: Known["mappingKeys"];
  notYielded: NonNullable<Known["notYielded"]>;
}

export async function readMade(
  storage: Storage,
  runId: string,
  plan: Plan,
  records: readonly StepRecord[],
): Promise<Made> {
  const made: Made = { mappingKeys: {}, notYielded: {} };
  const optional = new Map<string, string[]>();
  let dynamic = false;
  for (const step of plan.steps) {
    const names = step.outputs
      .filter((output) => !output.required && !output.dynamic)
      .map(({ name }) => name);
    if (names.length > 0) optional.set(step.key, names);
    dynamic ||= step.outputs.some((output) => output.dynamic);
  }
  if (!dynamic && optional.size === 0) return made;

  const yielded = new Set<string>();
  for await (const event of eventsOf(storage, runId, "STEP_OUTPUT")) {
    if (event.type !== "STEP_OUTPUT" || event.stepKey === undefined) continue;
    yielded.add(JSON.stringify([event.stepKey, event.output]));
    if (event.mappingKey === undefined) continue;
    made.mappingKeys[event.stepKey] ??= {};
    const outputs = made.mappingKeys[event.stepKey] ?? {};
    outputs[event.output] = [...new Set(outputs[event.output]).add(event.mappingKey)];
  }
  for (const { stepKey, status } of records) {
    if (status !== "SUCCESS") continue;
    const missing = (optional.get(templateOf(stepKey)) ?? []).filter(
      (name) => !yielded.has(JSON.stringify([stepKey, name])),
    );
    if (missing.length > 0) made.notYielded[stepKey] = missing;
  }
  return made;
}

/**
 * The run's step rows, in which a step whose blocking check failed counts as failed: it ended well itself, but the run
 * stopped behind it.
 */
export async function recordsWithFailedChecks(
  storage: Storage,
  runId: string,
  snapshot: DefinitionsSnapshot,
): Promise<StepRecord[]> {
  const records = await storage.runs.steps(runId);
  const blocking = new Set<string>();
  for (const { asset, name, blocking: blocks } of snapshot.checks) {
    if (blocks) blocking.add(JSON.stringify([asset, name]));
  }
  if (blocking.size === 0) return records;
  const failed = new Set<string>();
  for await (const event of eventsOf(storage, runId, "ASSET_CHECK_EVALUATION")) {
    if (event.type !== "ASSET_CHECK_EVALUATION" || event.stepKey === undefined) continue;
    const isBlocking = blocking.has(JSON.stringify([event.asset, event.check]));
    if (isBlocking && !event.passed && event.severity === "ERROR") failed.add(event.stepKey);
  }
  return records.map((record) => (failed.has(record.stepKey) ? { ...record, status: "FAILURE" } : record));
}

async function* eventsOf(storage: Storage, runId: string, type: RunEvent["type"]): AsyncGenerator<RunEvent> {
  const limit = 1000;
  for (let after: number | undefined; ; ) {
    const page = await storage.events.list(runId, { types: [type], after, limit });
    for (const { event } of page) yield event;
    after = page.at(-1)?.id;
    if (page.length < limit) return;
  }
}

/** `b[k]` → `b` */
function templateOf(stepKey: string): string {
  return stepKey.replace(/\[[^\]]*\]$/, "");
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
        .filter((copy) => isUnfinished(statuses.get(copy), upstreamAgain));
      if (copies.length > 0) {
        again.add(step.key);
        rerun.push(...copies);
      }
      continue;
    }
    if (upstreamAgain || isUnfinished(statuses.get(step.key), false)) {
      again.add(step.key);
      rerun.push(step.key);
    }
  }
  return rerun;
}

function isUnfinished(status: StepStatus | undefined, upstreamAgain: boolean): boolean {
  return status === "SKIPPED" ? upstreamAgain : status !== "SUCCESS";
}

/** What the new run may read: outputs and mapping keys of every step that it does not execute itself. */
export function knownAfter(
  parent: Pick<RunRecord, "runId" | "known">,
  records: readonly StepRecord[],
  made: Made,
  rerun: readonly string[],
): RunContext["known"] {
  const again = new Set(rerun);
  const isAgain = (key: string) => again.has(key) || again.has(templateOf(key));
  const outputs = new Map(Object.entries(parent.known.outputsFrom));
  for (const { stepKey, status } of records) if (status === "SUCCESS") outputs.set(stepKey, parent.runId);
  const kept = <T>(all: Iterable<[string, T]>) =>
    Object.fromEntries([...all].filter(([key]) => !isAgain(key)));
  return {
    outputsFrom: kept(outputs),
    mappingKeys: kept(Object.entries({ ...parent.known.mappingKeys, ...made.mappingKeys })),
    notYielded: kept(Object.entries({ ...parent.known.notYielded, ...made.notYielded })),
  };
}

/**
 * What a run's next worker need not do again: steps that an earlier attempt of it ended well. With code that no longer fits
 * the run nothing is known, and the worker says what is wrong.
 */
export async function knownOnResume(
  storage: Storage,
  run: RunRecord,
  snapshot: DefinitionsSnapshot,
): Promise<Known> {
  const records = await recordsWithFailedChecks(storage, run.runId, snapshot);
  if (!records.some(({ status }) => status === "SUCCESS")) return run.known;
  try {
    const { job, assets, checks, steps } = run;
    const plan = planRun(snapshot, {
      job,
      assets: assets ?? undefined,
      checks: checks ?? undefined,
      steps: steps ?? undefined,
    });
    return knownAfter(run, records, await readMade(storage, run.runId, plan, records), []);
  } catch (error) {
    if (error instanceof PlanError) return run.known;
    throw error;
  }
}
