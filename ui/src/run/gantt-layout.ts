import type { Step, StepState } from "./steps.ts";

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly state: StepState;
  readonly start: number;
  readonly end: number | null;
}
export interface GanttRow {
  readonly key: string;
  readonly state: StepState;
  readonly bars: readonly Bar[];
  readonly y: number;
}
export interface Gantt {
  readonly rows: readonly GanttRow[];
  readonly height: number;
  readonly width: number;
  readonly marks: ReadonlyArray<{ readonly x: number; readonly ms: number }>;
}

export const ROW_HEIGHT = 24;
const MARK_WIDTH = 48;

/**
 * Bars on a time axis. Steps in order of their first start, then those that wait in the order of the plan. `from`/`to`
 * are the ends of the axis in ms, `width` its pixels; a bar is at least 3 px wide; `step` is the spacing of the marks.
 */
export function ganttLayout(
  steps: Iterable<Step>,
  axis: { from: number; to: number; width: number; now: number; step: number },
): Gantt {
  const span = Math.max(1, axis.to - axis.from);
  const x = (at: number) => ((at - axis.from) / span) * axis.width;
  const ordered = [...steps]
    .map((step, index) => ({ step, index }))
    .sort((a, b) => {
      const left = a.step.attempts[0]?.start ?? Number.POSITIVE_INFINITY;
      const right = b.step.attempts[0]?.start ?? Number.POSITIVE_INFINITY;
      return left === right ? a.index - b.index : left - right;
    });
  const rows = ordered.map(({ step }, index): GanttRow => {
    const bars = step.attempts.map((attempt, n): Bar => {
      const end = attempt.end ?? axis.now;
      const last = n === step.attempts.length - 1;
      const state: StepState =
        last && step.state !== "retry"
          ? step.state
          : attempt.failed
            ? last
              ? "retry"
              : "failure"
            : "success";
      return {
        x: x(attempt.start),
        width: Math.max(3, x(Math.max(end, attempt.start)) - x(attempt.start)),
        state,
        start: attempt.start,
        end: attempt.end,
      };
    });
    return { key: step.key, state: step.state, bars, y: index * ROW_HEIGHT };
  });
  const marks: { x: number; ms: number }[] = [];
  // One too near to the end has no room for its text.
  for (let ms = 0; ms <= span; ms += axis.step) {
    const x = (ms / span) * axis.width;
    if (x <= axis.width - MARK_WIDTH || ms === 0) marks.push({ x, ms });
  }
  return { rows, height: rows.length * ROW_HEIGHT, width: axis.width, marks };
}
