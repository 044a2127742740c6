/** What a person follows of a run: its steps as they start and end. Pure: events in, lines out. */
import type { GraphqlError, RunMessage } from "../graphql/run-events.ts";
import type { Output, Style } from "./output.ts";
import { clockTime, duration } from "./time.ts";

export interface StepView {
  key: string;
  status: "running" | "succeeded" | "failed" | "skipped" | "retrying";
  startedAt: number;
  endedAt: number | null;
  error: string | null;
}

export interface RunView {
  /** `SUCCESS`, `FAILURE`, `CANCELED` once it has ended. */
  ended: string | null;
  startedAt: number | null;
  endedAt: number | null;
  /** Why it failed, in the words of the last event. */
  reason: string | null;
  steps: Map<string, StepView>;
  materialized: number;
}

export const emptyView = (): RunView => ({
  ended: null,
  startedAt: null,
  endedAt: null,
  reason: null,
  steps: new Map(),
  materialized: 0,
});

const STEP: Record<string, StepView["status"]> = {
  STEP_START: "running",
  STEP_RESTARTED: "running",
  STEP_SUCCESS: "succeeded",
  STEP_FAILURE: "failed",
  STEP_SKIPPED: "skipped",
  STEP_UP_FOR_RETRY: "retrying",
};

/** Adds an event; gives the step back that it changed, if it did. */
export function apply(view: RunView, message: RunMessage): StepView | null {
  const at = Number(message.timestamp);
  const type = (message.eventType ?? "").replace(/^PIPELINE_/, "RUN_");
  view.startedAt ??= at;
  if (type === "RUN_SUCCESS" || type === "RUN_FAILURE" || type === "RUN_CANCELED") {
    view.ended = type.slice(4);
    view.endedAt = at;
    view.reason = type === "RUN_SUCCESS" ? null : describeError(message.error) || message.message;
  }
  if (type === "ASSET_MATERIALIZATION") view.materialized++;
  const status = STEP[type];
  if (status === undefined || message.stepKey === null) return null;
  const before = view.steps.get(message.stepKey);
  const step: StepView = {
    key: message.stepKey,
    status,
    startedAt: before?.startedAt ?? at,
    endedAt: status === "running" ? null : at,
    error:
      describeError(message.error) || (status === "failed" || status === "skipped" ? message.message : null),
  };
  view.steps.set(step.key, step);
  return step;
}

/** The innermost cause first, because that is what the user's code said. */
function describeError(error: GraphqlError | null | undefined): string | null {
  if (!error) return null;
  const cause = describeError(error.cause);
  const own = error.message.trim();
  return cause && !own.includes(cause) ? `${own.replace(/[.:]$/, "")}: ${cause}` : own || cause;
}

const LOOK: Record<StepView["status"], [string, Style]> = {
  running: ["…", "cyan"],
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  skipped: ["-", "dim"],
  retrying: ["↻", "yellow"],
};

/** One line a step, for a terminal that redraws them. */
export function stepLines(view: RunView, now: number, output: Output): string[] {
  const steps = [...view.steps.values()];
  const width = Math.max(0, ...steps.map((step) => step.key.length));
  return steps.map((step) => {
    const [sign, style] = LOOK[step.status];
    const took = step.status === "skipped" ? "" : duration((step.endedAt ?? now) - step.startedAt);
    const why = step.error ? firstLine(step.error) : "";
    return `  ${output.style(style, sign)} ${step.key.padEnd(width)}  ${took.padStart(9)}  ${output.style("red", step.status === "failed" ? why : "")}`.trimEnd();
  });
}

/** One line for a change, where lines stay. */
export function changeLine(step: StepView, at: number, output: Output): string {
  const [, style] = LOOK[step.status];
  const took =
    step.status === "succeeded" || step.status === "failed"
      ? ` in ${duration((step.endedAt ?? at) - step.startedAt)}`
      : "";
  const why =
    step.error && step.status !== "succeeded" && step.status !== "running"
      ? `: ${firstLine(step.error)}`
      : "";
  const what = step.status === "running" ? "started" : step.status;
  return `${clockTime(at)}  ${step.key}  ${output.style(style, what)}${took}${why}`;
}

/** One event as `run logs` prints it. */
export function eventLine(message: RunMessage, output: Output): string {
  const style: Style | null =
    message.level === "ERROR" || message.level === "CRITICAL"
      ? "red"
      : message.level === "WARNING"
        ? "yellow"
        : message.eventType?.endsWith("_SUCCESS")
          ? "green"
          : null;
  const type = message.eventType ?? message.level;
  const head = `${output.style("dim", clockTime(Number(message.timestamp)))}  ${(message.stepKey ?? "").padEnd(20)}  ${type.padEnd(24)}`;
  const error = message.error ? `\n${indent(errorText(message.error))}` : "";
  return `${head}  ${style ? output.style(style, message.message) : message.message}${error}`;
}

function errorText(error: GraphqlError): string {
  const stack = error.stack.join("").trimEnd();
  const own = stack.includes(error.message) ? stack : `${error.message}\n${stack}`.trimEnd();
  return error.cause ? `${own}\nCaused by: ${errorText(error.cause)}` : own;
}

const indent = (text: string) => text.replace(/^/gm, "    ");
const firstLine = (text: string) => text.split("\n")[0] ?? "";
