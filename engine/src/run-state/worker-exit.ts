import type { ErrorInfo, RunEvent } from "@dagster-operator/sdk/internal";
import type { WorkerExit } from "../ports/compute.ts";
import type { RunRecord } from "../ports/run-storage.ts";

/** Events that end a run whose worker ended without saying how. Pure. */
export function endEvents(
  run: Pick<RunRecord, "runId" | "status">,
  exit: Pick<WorkerExit, "reason" | "message">,
  stepsInProgress: readonly string[],
  ts: number,
): RunEvent[] {
  const why = exit.message ? `${REASONS[exit.reason]}: ${exit.message}` : REASONS[exit.reason];
  if (run.status === "CANCELING") {
    return [
      {
        type: "RUN_CANCELED",
        ts,
        level: "INFO",
        message: `the run was canceled; its worker: ${exit.message || exit.reason}`,
      },
    ];
  }
  return failureEvents({ name: "WorkerExit", message: why }, stepsInProgress, ts);
}

/** A run that fails for a reason outside its steps; those in progress fail with it. Pure. */
export function failureEvents(error: ErrorInfo, stepsInProgress: readonly string[], ts: number): RunEvent[] {
  const { message } = error;
  return [
    ...stepsInProgress.map(
      (stepKey): RunEvent => ({
        type: "STEP_FAILURE",
        ts,
        level: "ERROR",
        stepKey,
        message: `step ${stepKey} did not end: ${message}`,
        error,
      }),
    ),
    { type: "RUN_FAILURE", ts, level: "ERROR", message, error },
  ];
}

/** Name of the error in the events that tell of such a retry. */
export const INFRASTRUCTURE_RETRY = "InfrastructureRetry";

/** Says that a run goes on with a new worker, by which budget (`name`) and how much of it is used then. Pure. */
export function resumeEvent(
  exit: WorkerExit,
  name: "WorkerExit" | typeof INFRASTRUCTURE_RETRY,
  { number, max }: { number: number; max: number },
  ts: number,
): RunEvent {
  const why = exit.message ? `${REASONS[exit.reason]}: ${exit.message}` : REASONS[exit.reason];
  const budget =
    name === INFRASTRUCTURE_RETRY
      ? `infrastructure retry ${number} of at most ${max}`
      : `${number} of at most ${max} times`;
  const message = `${why}; the run goes on with a new one (${budget})`;
  return { type: "ENGINE_EVENT", ts, level: "WARNING", message, error: { name, message: why } };
}

const REASONS: Record<WorkerExit["reason"], string> = {
  completed: "the run worker ended without reporting the run's end",
  crashed: "the run worker crashed",
  killed: "the run worker was killed",
  oom: "the run worker ran out of memory",
  lost: "the run worker was lost",
  start_failed: "the run worker could not be started",
};
