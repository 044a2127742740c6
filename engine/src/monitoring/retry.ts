/** Whether a failed run is run again by itself. Pure. */
import type { RunRecord } from "../ports/run-storage.ts";

/** `run_retries` of `dagster.yaml`. */
export interface RetrySettings {
  /** Retries of a run whose tags say nothing. Default 0. */
  maxRetries: number;
  /** False: only runs that failed for another reason than a step of theirs. Tag `dagster/retry_on_asset_or_op_failure`. */
  onStepFailure: boolean;
}

export const DEFAULT_RETRIES: RetrySettings = { maxRetries: 0, onStepFailure: true };

/** Which retry of its first run a run is; set by the system. */
export const RETRY_NUMBER_TAG = "dagster/retry_number";

export type Retry =
  | { retry: true; strategy: "FROM_FAILURE" | "ALL_STEPS"; number: number; max: number }
  /** `why` null: nobody asked for retries. */
  | { retry: false; why: string | null };

/** Tags `dagster/max_retries`, `dagster/retry_strategy` and `dagster/retry_on_asset_or_op_failure` win over the settings. */
export function decideRetry(
  run: Pick<RunRecord, "status" | "tags" | "error">,
  settings: RetrySettings,
): Retry {
  if (run.status !== "FAILURE") return { retry: false, why: null };
  const max = wholeNumber(run.tags["dagster/max_retries"]) ?? settings.maxRetries;
  if (max <= 0) return { retry: false, why: null };
  const number = (wholeNumber(run.tags[RETRY_NUMBER_TAG]) ?? 0) + 1;
  if (number > max)
    return {
      retry: false,
      why: `it was retried ${max} ${max === 1 ? "time" : "times"}, as often as it may be`,
    };
  const said = run.tags["dagster/retry_on_asset_or_op_failure"]?.toLowerCase();
  const onStepFailure = said === undefined ? settings.onStepFailure : said !== "false";
  // The step loop of the run itself gives a failure this name; others are of workers that were lost, timeouts, failed starts.
  if (!onStepFailure && run.error?.name === "RunFailure")
    return { retry: false, why: "one of its steps failed, and retry_on_asset_or_op_failure is off" };
  const strategy = run.tags["dagster/retry_strategy"] === "ALL_STEPS" ? "ALL_STEPS" : "FROM_FAILURE";
  return { retry: true, strategy, number, max };
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,6}$/.test(text.trim()) ? Number(text) : null;
}
