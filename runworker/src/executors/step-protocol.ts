/** Between the run worker and a step worker: commands over IPC, answers as JSON lines on descriptor 3. */
import type { ErrorInfo, RunEvent, StepRequest, StepResult } from "@dagster-operator/sdk/internal";

export type Command = { type: "run"; request: StepRequest; marker: string } | { type: "cancel" };

/**
 * `events` and `result` share one blocking pipe: order holds, a step that emits faster than the run worker reads waits, and
 * what was written before a crash is read after it.
 */
export type Answer =
  | { type: "event"; event: RunEvent }
  | { type: "result"; result: StepResult }
  | { type: "load_failed"; error: ErrorInfo };

export const ANSWER_FD = 3;
