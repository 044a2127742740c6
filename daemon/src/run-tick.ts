/** One tick from begin to finish: evaluate in user code, submit what it asks for, close. */
import {
  assetEventOf,
  type CodeLocation,
  type InstigatorId,
  type InstigatorState,
  InvalidInput,
  NotFound,
  type PartitionsRequestResult,
  type RunRequest,
  type SubmitDeps,
  type SubmitRequest,
  submitRuns,
  type Tick,
  type TickResult,
  Unavailable,
  UserCodeError,
} from "@dagster-operator/engine";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { Logger } from "pino";
import type { Outcome } from "./lanes.ts";
import type { DaemonMetrics } from "./metrics.ts";

export interface TickDeps extends SubmitDeps {
  log: Logger;
  metrics: DaemonMetrics;
  /** Names this daemon in leases. */
  owner: string;
  evaluationTimeoutMs: number;
}

export interface TickPlan {
  id: InstigatorId;
  /** What the plan was made by; absent = it does not matter. */
  state?: InstigatorState;
  /** Scheduled time of a schedule, now for a sensor (ms). */
  at: number;
  /** When it was due (ms), for the lateness metric. */
  dueAt: number;
  code: CodeLocation;
  /** It is known without user code what to do. */
  light: boolean;
  evaluate: (code: CodeLocation, at: number, timeoutMs: number) => Promise<TickResult>;
  /** What the evaluation was about, where the same may be asked again by a later tick: it gives the same runs then. */
  occasion?: ((result: TickResult) => string | undefined) | undefined;
  /** In the place of one evaluation and its submission. */
  outcome?: ((deps: TickDeps, plan: TickPlan, tick: Tick) => Promise<TickOutcome>) | undefined;
  /** The target of a request that does not name one; throws InvalidInput for a target that is not allowed. */
  target: (request: RunRequest) => Pick<SubmitRequest, "job" | "assets" | "tags">;
}

export type TickOutcome = Parameters<SubmitDeps["storage"]["ticks"]["finish"]>[2];

/** A lease outlives the evaluation by this much, so that submitting is inside it too. */
const LEASE_MARGIN_MS = 30_000;

/**
 * `done`: closed. `taken`: another daemon has it or has done it. `later`: the code location is away.
 * `evaluated` is called once user code has answered for it.
 * Rejects when storage is away: the lease runs out, and the tick is taken over, with the same runs.
 */
export async function runTick(deps: TickDeps, plan: TickPlan, evaluated: () => void): Promise<Outcome> {
  const { storage, now, owner, metrics, evaluationTimeoutMs } = deps;
  const log = deps.log.child({ instigator: plan.id.name, location: plan.id.location, kind: plan.id.kind });
  const tick = await storage.ticks.begin(
    plan.id,
    plan.at,
    owner,
    evaluationTimeoutMs + LEASE_MARGIN_MS,
    now(),
    plan.state,
  );
  if (!tick) return "taken";
  metrics.lateness.observe({ kind: plan.id.kind }, Math.max(0, now() - plan.dueAt) / 1000);
  let outcome: TickOutcome;
  try {
    // Not always what was asked for: a tick that another daemon left behind comes first.
    const current = { ...plan, at: tick.at };
    outcome = plan.outcome
      ? await plan.outcome(deps, current, tick)
      : await evaluateAndSubmit(deps, current, tick, evaluated);
  } catch (error) {
    if (error instanceof Unavailable) {
      log.warn({ err: error }, `the tick of ${plan.id.name} waits: ${error.message}`);
      await storage.ticks.release(tick.id, owner);
      return "later";
    }
    const info = errorInfo(error);
    // User code's own stack names the line to correct; ours only the way to it.
    log.error({ err: error instanceof UserCodeError ? info : error }, `the tick of ${plan.id.name} failed`);
    outcome = { status: "FAILURE", runIds: [], error: info, logs: logsOf(error) };
  }
  await storage.ticks.finish(tick.id, owner, outcome, now());
  metrics.ticks.inc({ kind: plan.id.kind, status: outcome.status });
  log.info(
    { status: outcome.status, runIds: outcome.runIds },
    `the tick of ${plan.id.name} ended: ${outcome.status}`,
  );
  return "done";
}

async function evaluateAndSubmit(
  deps: TickDeps,
  plan: TickPlan,
  tick: Tick,
  evaluated: () => void,
): Promise<TickOutcome> {
  const result = await plan.evaluate(plan.code, plan.at, deps.evaluationTimeoutMs);
  if (!plan.light) evaluated();
  return submitResult(deps, plan, tick, result, plan.occasion?.(result));
}

/** Does what an evaluation asked for. */
export async function submitResult(
  deps: TickDeps,
  plan: TickPlan,
  tick: Tick,
  result: TickResult,
  occasion?: string,
): Promise<TickOutcome> {
  const { storage } = deps;
  const { logs } = result;
  const dynamicPartitions = await changePartitions(storage, result);
  const { cursor } = result;
  const by = `${plan.id.kind.toLowerCase()} ${plan.id.name}`;
  const assetEvents = result.assetEvents?.map((event) => assetEventOf(event, deps.now(), by));
  let submitted: { runId: string; created: boolean }[];
  try {
    submitted = await submitRuns(
      deps,
      result.runRequests.map((request, index) => toSubmit(plan, tick, request, { index, occasion })),
    );
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    // The lines that the evaluation logged say best why it asked for this.
    return { status: "FAILURE", runIds: [], error: errorInfo(error), logs, dynamicPartitions };
  }
  const runIds = await ownRuns(deps, tick, submitted);
  const lastRunKey = result.runRequests.findLast((request) => request.runKey !== undefined)?.runKey;
  const outcome = { runIds, cursor, lastRunKey, logs, assetEvents, dynamicPartitions };
  if (runIds.length > 0) return { status: "SUCCESS", ...outcome };
  return { status: "SKIPPED", skipReason: result.skipReason ?? whyNone(result.runRequests), ...outcome };
}

/** First, so that the runs of this tick may be of them. */
async function changePartitions(
  { assets }: TickDeps["storage"],
  { dynamicPartitions = [] }: TickResult,
): Promise<PartitionsRequestResult[]> {
  const results: PartitionsRequestResult[] = [];
  for (const { name, add, delete: gone } of dynamicPartitions) {
    const told = (type: PartitionsRequestResult["type"], keys: string[], changed: string[]) =>
      results.push({ type, name, keys, skippedKeys: keys.filter((key) => !changed.includes(key)) });
    if (add.length > 0) told("ADD_PARTITIONS", add, await assets.addDynamicPartitions(name, add));
    if (gone.length > 0) told("DELETE_PARTITIONS", gone, await assets.deleteDynamicPartitions(name, gone));
  }
  return results;
}

function whyNone(requests: RunRequest[]): string | undefined {
  if (requests.length === 0) return undefined;
  const keys = requests.map((request) => request.runKey).filter((key) => key !== undefined);
  return `every requested run was launched by an earlier tick (run keys ${someOf(keys)})`;
}

const someOf = (keys: string[]) => `${keys.slice(0, 10).join(", ")}${keys.length > 10 ? ", …" : ""}`;

/** Runs of this tick: those made now, and those made before a daemon died in the middle of this very tick. */
async function ownRuns(
  { storage }: TickDeps,
  tick: Tick,
  submitted: { runId: string; created: boolean }[],
): Promise<string[]> {
  const known = submitted.filter(({ created }) => !created).map(({ runId }) => runId);
  if (known.length === 0) return submitted.map(({ runId }) => runId);
  const records = await storage.runs.list({ runIds: known }, { limit: known.length });
  const own = new Set(
    records.filter((run) => run.tags["dagster/tick"] === String(tick.id)).map((run) => run.runId),
  );
  return submitted.filter(({ runId, created }) => created || own.has(runId)).map(({ runId }) => runId);
}

interface Place {
  /** Of the request among those of its evaluation. */
  index: number;
  occasion: string | undefined;
}

function toSubmit(plan: TickPlan, tick: Tick, request: RunRequest, place: Place): SubmitRequest {
  const { kind, location, name } = plan.id;
  return {
    location,
    tags: request.tags,
    runConfig: request.runConfig,
    ...plan.target(request),
    partition: request.partitionKey === undefined ? undefined : { key: request.partitionKey },
    idempotencyKey: idempotencyKey(plan, tick, request, place),
    origin: { kind, name, tickId: tick.id, at: plan.at, runKey: request.runKey },
  };
}

/**
 * A schedule's run is one of its scheduled time; a sensor's is one of its run key, for ever. Without a run key it is one of its
 * place in this tick, or in what the tick was about, so that a tick that is taken over makes no second one.
 */
function idempotencyKey(
  { id, at }: TickPlan,
  tick: Tick,
  { runKey }: RunRequest,
  { index, occasion }: Place,
): string {
  const of = `${id.kind.toLowerCase()}:${id.location}:${id.name}`;
  if (id.kind === "SENSOR") {
    if (runKey !== undefined) return `${of}:${runKey}`;
    return occasion === undefined ? `${of}#${tick.id}.${index}` : `${of}@${occasion}.${index}`;
  }
  if (runKey !== undefined) return `${of}:${at}:${runKey}`;
  return index === 0 ? `${of}:${at}` : `${of}:${at}#${index}`;
}

export const logsOf = (error: unknown): string[] => (error instanceof UserCodeError ? error.logs : []);

export function errorInfo(error: unknown): ErrorInfo {
  if (error instanceof UserCodeError) return error.error;
  if (error instanceof InvalidInput || error instanceof NotFound)
    return { name: error.name, message: error.message };
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}
