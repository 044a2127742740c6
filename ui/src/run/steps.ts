/** What the run's events say of each step. Times in ms. */
export type StepState = "waiting" | "running" | "retry" | "success" | "failure" | "skipped" | "canceled";

export interface Attempt {
  readonly start: number;
  end: number | null;
  failed: boolean;
}
export interface Step {
  readonly key: string;
  state: StepState;
  readonly attempts: Attempt[];
  /** When a step that waits for its retry may start again. */
  retryAt: number | null;
  readonly upstream: readonly string[];
}

interface EventLike {
  readonly eventType: string | null;
  readonly stepKey: string | null;
  readonly timestamp: string;
  readonly secondsToWait?: number | null;
}

/** Folds events, in order, into steps; keeps going as further events arrive. */
export class StepFold {
  readonly steps = new Map<string, Step>();
  /** ms of the first and the last event, and of the run's own end. */
  first: number | null = null;
  last: number | null = null;
  ended: number | null = null;
  #seen = 0;

  plan(keys: ReadonlyArray<{ key: string; upstream: readonly string[] }>): void {
    for (const { key, upstream } of keys) {
      const known = this.steps.get(key);
      this.steps.set(
        key,
        known
          ? { ...known, upstream }
          : {
              key,
              state: this.ended === null ? "waiting" : "skipped",
              attempts: [],
              retryAt: null,
              upstream,
            },
      );
    }
  }

  /** Takes what is new in `events`, which only ever grows. */
  push(events: readonly EventLike[]): void {
    for (; this.#seen < events.length; this.#seen++) {
      const event = events[this.#seen];
      if (event) this.#one(event);
    }
  }

  #one(event: EventLike): void {
    const at = Number(event.timestamp);
    this.first = this.first === null ? at : Math.min(this.first, at);
    this.last = this.last === null ? at : Math.max(this.last, at);
    const type = event.eventType;
    if (type === "RUN_SUCCESS" || type === "RUN_FAILURE" || type === "RUN_CANCELED") {
      this.ended = at;
      for (const step of this.steps.values()) {
        if (step.state === "running" || step.state === "retry")
          this.#end(step, at, type === "RUN_FAILURE" ? "failure" : "canceled");
        else if (step.state === "waiting") step.state = "skipped";
      }
    }
    if (event.stepKey === null || type === null || !type.startsWith("STEP_")) return;
    let step = this.steps.get(event.stepKey);
    if (!step) {
      step = { key: event.stepKey, state: "waiting", attempts: [], retryAt: null, upstream: [] };
      this.steps.set(event.stepKey, step);
    }
    switch (type) {
      case "STEP_START":
      case "STEP_RESTARTED":
        if (step.attempts.at(-1)?.end === null) break;
        step.attempts.push({ start: at, end: null, failed: false });
        step.state = "running";
        step.retryAt = null;
        break;
      case "STEP_SUCCESS":
        this.#end(step, at, "success");
        break;
      case "STEP_FAILURE":
        this.#end(step, at, "failure");
        break;
      case "STEP_UP_FOR_RETRY":
        this.#end(step, at, "retry");
        step.retryAt = at + (event.secondsToWait ?? 0) * 1000;
        break;
      case "STEP_SKIPPED":
        step.state = "skipped";
        break;
    }
  }

  #end(step: Step, at: number, state: StepState): void {
    step.state = state;
    const attempt = step.attempts.at(-1);
    if (attempt && attempt.end === null) {
      attempt.end = at;
      attempt.failed = state === "failure" || state === "retry";
    }
  }
}

export function countSteps(steps: Iterable<Step>): Record<StepState, number> {
  const count: Record<StepState, number> = {
    waiting: 0,
    running: 0,
    retry: 0,
    success: 0,
    failure: 0,
    skipped: 0,
    canceled: 0,
  };
  for (const step of steps) count[step.state]++;
  return count;
}
