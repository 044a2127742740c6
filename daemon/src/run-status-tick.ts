/** One tick of a run-status sensor: its function is asked about each run, one after the other, in the order of events. */
import {
  type RunMonitors,
  type SensorQuestion,
  type Tick,
  type TickResult,
  Unavailable,
  watchedRun,
  watchedRuns,
} from "@dagster-operator/engine";
import {
  errorInfo,
  logsOf,
  submitResult,
  type TickDeps,
  type TickOutcome,
  type TickPlan,
} from "./run-tick.ts";

/** No further run is begun after this much of the tick's time: an evaluation may take all that the lease leaves. */
const SHARE_OF_LEASE = 1 / 4;

export function runStatusOutcome(
  sensor: { name: string; location: string; monitors: RunMonitors },
  asked: Omit<SensorQuestion, "timeoutMs" | "watched">,
): (deps: TickDeps, plan: TickPlan, tick: Tick) => Promise<TickOutcome> {
  return async (deps, plan, tick) => {
    const { storage, evaluationTimeoutMs, now } = deps;
    const from = Number(asked.cursor ?? Number.NaN);
    if (!Number.isSafeInteger(from)) {
      const cursor = String(await storage.events.mark());
      return { status: "SKIPPED", runIds: [], logs: [], cursor, skipReason: "watches runs from now on" };
    }
    const begun = now();
    const found = await watchedRuns(storage, sensor, from);
    const done: TickOutcome = { status: "SKIPPED", runIds: [], logs: [], originRunIds: [], assetEvents: [] };
    let cursor = found.cursor;
    for (const { record, event } of found.runs) {
      if (now() - begun > evaluationTimeoutMs * SHARE_OF_LEASE && done.status !== "SKIPPED") {
        cursor = event.id - 1;
        break;
      }
      let outcome: TickOutcome;
      try {
        const run = await watchedRun(storage, sensor.monitors, { record, event });
        const question = { ...asked, watched: { run }, timeoutMs: evaluationTimeoutMs };
        const result: TickResult = await plan.code.evaluateSensor(sensor.name, question);
        outcome = await submitResult(deps, plan, tick, result, String(event.id));
      } catch (error) {
        if (error instanceof Unavailable) {
          // What was done for the runs before is kept; this one waits.
          if (done.status === "SKIPPED") throw error;
          cursor = event.id - 1;
          break;
        }
        outcome = { status: "FAILURE", runIds: [], logs: logsOf(error), error: errorInfo(error) };
      }
      add(done, outcome, record.runId);
      if (outcome.status !== "FAILURE") continue;
      // The next tick goes on with the next run: one that the function cannot deal with does not hold the others.
      cursor = event.id;
      break;
    }
    if (done.status === "SKIPPED")
      done.skipReason = `no run got the status ${sensor.monitors.status} since the last tick`;
    return { ...done, cursor: String(cursor) };
  };
}

/** A function that was asked has done its work, whether it wanted runs or not. */
function add(to: TickOutcome, outcome: TickOutcome, runId: string): void {
  to.status = outcome.status === "FAILURE" ? "FAILURE" : "SUCCESS";
  to.runIds.push(...outcome.runIds);
  to.logs.push(...outcome.logs, ...(outcome.skipReason === undefined ? [] : [outcome.skipReason]));
  to.originRunIds?.push(runId);
  to.assetEvents?.push(...(outcome.assetEvents ?? []));
  to.lastRunKey = outcome.lastRunKey ?? to.lastRunKey;
  to.error = outcome.error;
}
