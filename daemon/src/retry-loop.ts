import type { Clock } from "@dagster-operator/engine";
import {
  decideRetry,
  InvalidInput,
  NotFound,
  type Notice,
  RETRY_NUMBER_TAG,
  type Retry,
  type RetrySettings,
  type RunRecord,
  reexecuteRun,
  type SubmitDeps,
  type Submitted,
  Unavailable,
} from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

export interface RetryLoopOptions extends SubmitDeps {
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
  owner: string;
  settings: RetrySettings;
}

const NAME = "retry";
/** Wake-ups may be lost, so it also looks by itself. */
const INTERVAL_MS = 5_000;
/** Looking for failures stops all writers for an instant: not at every run that ends. */
const MIN_GAP_MS = 500;
const LEASE_MS = 60_000;
const BATCH = 100;
const MAX_DELAY_MS = 60_000;

/** Runs failed runs again that may be: each at most once, however many daemons look. */
export function retryLoop(options: RetryLoopOptions): RunningLoop {
  const { storage, workspace, clock, log, metrics, owner } = options;
  /** Code locations that have changed since it last looked. */
  const changed = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let wakeTimer: NodeJS.Timeout | undefined;
  const iterate = async (): Promise<number> => {
    lookedAt = clock.now();
    for (const location of changed) {
      changed.delete(location);
      if (workspace.get(location)?.state !== "LOADED") continue;
      await storage.notices.hasten(NAME, location).catch((error) => {
        changed.add(location);
        throw error;
      });
    }
    while ((await storage.notices.collect(NAME, ["RUN_FAILURE"], [""], BATCH)) === BATCH);
    for (let full = true; full; ) {
      const notices = await storage.notices.claim(NAME, owner, BATCH, LEASE_MS);
      full = notices.length === BATCH;
      for (const notice of notices) await handle(options, notice);
    }
    return INTERVAL_MS;
  };
  const onFault = () => metrics.faults.inc({ loop: "retries" });
  const loop = new Loop({ name: "retries", clock, log, iterate, onFault });
  // Told when a run ends, and when one is submitted.
  const wakeSoon = () => {
    const left = lookedAt + MIN_GAP_MS - clock.now();
    if (left <= 0) loop.wake();
    else
      wakeTimer ??= setTimeout(() => {
        wakeTimer = undefined;
        loop.wake();
      }, left);
  };
  const unsubscribe = [
    storage.subscribe("queue", wakeSoon),
    // Retries that wait for a location do so longer and longer, but not once it is back.
    workspace.subscribe(({ name }) => {
      changed.add(name);
      wakeSoon();
    }),
  ];
  const stop = async () => {
    for (const each of unsubscribe) each();
    clearTimeout(wakeTimer);
  };
  return { loop, stop };
}

async function handle(options: RetryLoopOptions, { id, runId, tries }: Notice): Promise<void> {
  const { storage, log, clock, settings } = options;
  const run = await storage.runs.get(runId);
  let decision: Retry = run ? decideRetry(run, settings) : { retry: false, why: "it was deleted" };
  if (run && decision.retry && (await isOfCanceledBackfill(options, run)))
    decision = { retry: false, why: "its backfill was canceled" };
  if (!run || !decision.retry) {
    if (run && !decision.retry && decision.why)
      await tell(options, runId, `Run is not retried: ${decision.why}.`);
    return storage.notices.end(id, decision.retry ? undefined : (decision.why ?? undefined));
  }
  const { number, max } = decision;
  try {
    const again = await retry(options, run, decision);
    log.info({ runId, retry: again.runId }, `run ${runId} is retried as ${again.runId}, ${number} of ${max}`);
    if (again.created)
      await tell(options, runId, `Run is retried as run ${again.runId}: retry ${number} of ${max}.`);
    await storage.notices.end(id);
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof NotFound) {
      await tell(options, runId, `Run cannot be retried: ${error.message}`, "ERROR");
      return storage.notices.end(id, error.message);
    }
    // Its code location is away, or does not load, or a fault of ours: it must not hold the others.
    if (!(error instanceof Unavailable)) options.metrics.faults.inc({ loop: "retries" });
    const message = error instanceof Error ? error.message : String(error);
    const delay = Math.min(MAX_DELAY_MS, 1000 * 2 ** Math.min(tries - 1, 10));
    log.warn({ err: error, runId }, `the retry of run ${runId} waits: ${message}`);
    await storage.notices.later(id, delay, message);
  }

  async function tell(
    { storage: { events } }: RetryLoopOptions,
    of: string,
    message: string,
    level: RunEvent["level"] = "INFO",
  ): Promise<void> {
    try {
      await events.report(of, [{ type: "ENGINE_EVENT", ts: clock.now(), level, message }]);
    } catch (error) {
      // Deleted meanwhile: nobody is left to tell.
      if (!(error instanceof NotFound)) throw error;
    }
  }
}

async function isOfCanceledBackfill({ storage }: RetryLoopOptions, { tags }: RunRecord): Promise<boolean> {
  const id = tags["dagster/backfill"];
  if (id === undefined) return false;
  return (await storage.backfills.count({ backfillIds: [id], statuses: ["CANCELING", "CANCELED"] })) > 0;
}

/** A run that failed before its first step has nothing to go on from. */
async function retry(
  options: RetryLoopOptions,
  run: RunRecord,
  { strategy, number }: { strategy: "FROM_FAILURE" | "ALL_STEPS"; number: number },
): Promise<Submitted> {
  const steps = await options.storage.runs.steps(run.runId);
  return reexecuteRun(options, run.runId, {
    strategy: steps.length === 0 ? "ALL_STEPS" : strategy,
    tags: { [RETRY_NUMBER_TAG]: String(number) },
    idempotencyKey: `retry:${run.runId}`,
  });
}
