import type { ErrorInfo, RunEvent } from "@dagster-operator/sdk/internal";
import type { StepRecord } from "../ports/run-storage.ts";
import { type EndStatus, isStepEnded } from "./status.ts";

type StepEvent = Extract<
  RunEvent,
  {
    type:
      | "STEP_START"
      | "STEP_SUCCESS"
      | "STEP_FAILURE"
      | "STEP_SKIPPED"
      | "STEP_UP_FOR_RETRY"
      | "STEP_RESTARTED";
  }
>;

/** Step rows of one batch: copied when first changed, so what was passed in stays as it was. */
export class FoldedSteps {
  /** Mapped copies seen for the first time: steps that the plan could not count. */
  total = 0;
  /** Change of the number of ended steps; negative when an ended step was started again. */
  done = 0;
  readonly #rows = new Map<string, StepRecord>();
  readonly #changed = new Map<string, StepRecord>();

  constructor(rows: readonly StepRecord[]) {
    for (const row of rows) this.#rows.set(row.stepKey, row);
  }

  apply(event: StepEvent): void {
    if (event.stepKey === undefined) return;
    const row = this.#edit(event.stepKey);
    const before = row.status;
    switch (event.type) {
      case "STEP_START":
      case "STEP_RESTARTED":
        // A retry may be told by STEP_RESTARTED, by a second STEP_START, or by both: it is one attempt.
        if (row.attempts === 0 || before !== "IN_PROGRESS") row.attempts += 1;
        row.status = "IN_PROGRESS";
        row.startedAt ??= event.ts;
        row.endedAt = null;
        row.error = null;
        break;
      case "STEP_SUCCESS":
        this.#end(row, "SUCCESS", event.ts, null);
        break;
      case "STEP_FAILURE":
        this.#end(row, "FAILURE", event.ts, event.error ?? { name: "StepFailure", message: event.message });
        break;
      case "STEP_SKIPPED":
        this.#end(row, "SKIPPED", event.ts, null);
        break;
      case "STEP_UP_FOR_RETRY":
        row.status = "UP_FOR_RETRY";
        row.endedAt = null;
        row.error = event.error ?? null;
        break;
      default:
        event satisfies never;
    }
    this.#count(before, row);
  }

  /** The run ended: what still runs or waits for a retry never will. */
  close(status: EndStatus, ts: number, error: ErrorInfo | null): void {
    for (const [key, row] of this.#rows) {
      if (isStepEnded(row.status)) continue;
      const closed = this.#edit(key);
      const before = closed.status;
      if (status === "FAILURE") this.#end(closed, "FAILURE", ts, closed.error ?? error);
      else this.#end(closed, "CANCELED", ts, closed.error);
      this.#count(before, closed);
    }
  }

  changed(): StepRecord[] {
    return [...this.#changed.values()];
  }

  #edit(stepKey: string): StepRecord {
    const changed = this.#changed.get(stepKey);
    if (changed) return changed;
    const known = this.#rows.get(stepKey);
    const row: StepRecord = known
      ? { ...known }
      : { stepKey, status: "IN_PROGRESS", attempts: 0, startedAt: null, endedAt: null, error: null };
    if (!known && stepKey.endsWith("]")) this.total += 1;
    this.#changed.set(stepKey, row);
    this.#rows.set(stepKey, row);
    return row;
  }

  #end(
    row: StepRecord,
    status: "SUCCESS" | "FAILURE" | "SKIPPED" | "CANCELED",
    ts: number,
    error: ErrorInfo | null,
  ): void {
    row.status = status;
    row.endedAt = ts;
    row.error = error;
  }

  #count(before: StepRecord["status"], row: StepRecord): void {
    this.done += Number(isStepEnded(row.status)) - Number(isStepEnded(before));
  }
}
