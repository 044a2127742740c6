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
  const error: ErrorInfo = { name: "WorkerExit", message: why };
  return [
    ...stepsInProgress.map(
      (stepKey): RunEvent => ({
        type: "STEP_FAILURE",
        ts,
        level: "ERROR",
        stepKey,
        message: `step ${stepKey} did not end: ${why}`,
        error,
      }),
    ),
    { type: "RUN_FAILURE", ts, level: "ERROR", message: error.message, error },
  ];
}

/** Says that a run goes on with a new worker. Pure. */
export function resumeEvent(exit: WorkerExit, max: number, ts: number): RunEvent {
  const why = exit.message ? `${REASONS[exit.reason]}: ${exit.message}` : REASONS[exit.reason];
  const message = `${why}; the run goes on with a new one (${exit.attempt} of at most ${max} times)`;
  return { type: "ENGINE_EVENT", ts, level: "WARNING", message, error: { name: "WorkerExit", message: why } };
}

const REASONS: Record<WorkerExit["reason"], string> = {
  completed: "the run worker ended without reporting the run's end",
  crashed: "the run worker crashed",
  killed: "the run worker was killed",
  oom: "the run worker ran out of memory",
  lost: "the run worker was lost",
  start_failed: "the run worker could not be started",
};
