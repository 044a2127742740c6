import type { CheckState } from "../ports/asset-storage.ts";
import { isEnded } from "../run-state/status.ts";

/** As Dagster resolves the newest execution of a check. */
export type CheckStatus = "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "EXECUTION_FAILED" | "SKIPPED";

/** Pure. null = missing: not executed since the newest materialization of what it checks. */
export function checkStatus(state: CheckState): CheckStatus | null {
  const { evaluation, planned, materialization } = state;
  const other = planned !== null && planned.runId !== evaluation?.runId;
  if (other && planned.status !== null && !isEnded(planned.status)) return "IN_PROGRESS";
  const current = (at: { id: number; runId: string | null }) =>
    materialization === null ||
    at.id > materialization.id ||
    (at.runId !== null && at.runId === materialization.runId);
  if (other && planned.id > (evaluation?.id ?? 0)) {
    if (!current(planned)) return null;
    return planned.status === "FAILURE" ? "EXECUTION_FAILED" : "SKIPPED";
  }
  if (evaluation === null || !current(evaluation)) return null;
  return evaluation.passed ? "SUCCEEDED" : "FAILED";
}
