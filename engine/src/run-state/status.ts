/** The run state machine: which status an event leads to. Dagster's states and rules. */
import type { RunEvent, RunEventType, RunStatus, StepStatus } from "@dagster-operator/sdk/internal";

export type EndStatus = "SUCCESS" | "FAILURE" | "CANCELED";

/** Nothing can change a run in one of these any more. */
export function isEnded(status: RunStatus): status is EndStatus {
  return status === "SUCCESS" || status === "FAILURE" || status === "CANCELED";
}

/** Statuses of runs that hold a place among `max_concurrent_runs`. */
export const IN_PROGRESS: readonly RunStatus[] = ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"];

/** A step in one of these will not change unless it is started again. */
export function isStepEnded(status: StepStatus): boolean {
  return status === "SUCCESS" || status === "FAILURE" || status === "SKIPPED" || status === "CANCELED";
}

/** Statuses of runs that have not ended. */
export const OPEN: readonly RunStatus[] = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"];

/** Event → status it leads to, from which statuses. An event that is not here says nothing about the run's status. */
const TRANSITIONS: { readonly [T in RunEventType]?: { to: RunStatus; from: readonly RunStatus[] } } = {
  RUN_ENQUEUED: { to: "QUEUED", from: ["NOT_STARTED"] },
  RUN_DEQUEUED: { to: "NOT_STARTED", from: ["QUEUED"] },
  RUN_STARTING: { to: "STARTING", from: ["QUEUED", "NOT_STARTED"] },
  // A worker that comes up while it is already being cancelled does not undo the cancel.
  RUN_START: { to: "STARTED", from: ["NOT_STARTED", "STARTING"] },
  // A run may be done before the cancel reaches it: what happened wins over what was asked.
  RUN_SUCCESS: { to: "SUCCESS", from: ["STARTING", "STARTED", "CANCELING"] },
  RUN_FAILURE: { to: "FAILURE", from: OPEN },
  RUN_CANCELING: { to: "CANCELING", from: ["QUEUED", "NOT_STARTED", "STARTING", "STARTED"] },
  RUN_CANCELED: { to: "CANCELED", from: OPEN },
};

/** The status after `event`; null when the event changes nothing: it is not about the status, or is refused from `from`. */
export function nextStatus(from: RunStatus, event: RunEventType): RunStatus | null {
  const transition = TRANSITIONS[event];
  return transition?.from.includes(from) ? transition.to : null;
}

/**
 * What a worker sends once its run has ended. Its own end is told in the log, but is none: whoever watches for ends sees one a
 * run. The same array when it holds none.
 */
export function tellLateEnds(status: RunStatus, events: readonly RunEvent[]): readonly RunEvent[] {
  if (!isEnded(status) || !events.some(isEnd)) return events;
  return events.map((event) =>
    isEnd(event)
      ? {
          type: "ENGINE_EVENT",
          ts: event.ts,
          level: "INFO",
          message: `The worker ended after its run had ended (${status}); it said: ${event.message}`,
        }
      : event,
  );
}

const isEnd = ({ type }: RunEvent) =>
  type === "RUN_SUCCESS" || type === "RUN_FAILURE" || type === "RUN_CANCELED";
