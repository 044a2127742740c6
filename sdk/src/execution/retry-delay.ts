import type { RetryPolicy } from "../model/definitions.ts";
import type { StepResult } from "./step-protocol.ts";

/** Seconds to wait before try `attempt + 1`, after try `attempt` (from 1) failed. Dagster's formulas. */
function retryDelay(policy: RetryPolicy, attempt: number, random: () => number): number {
  const base = policy.delay;
  let seconds = base;
  if (policy.backoff === "linear") seconds = base * attempt;
  else if (policy.backoff === "exponential") seconds = base * (2 ** attempt - 1);
  if (policy.jitter === "full") seconds *= random();
  else if (policy.jitter === "plus_minus") seconds += base * (2 * random() - 1);
  return Math.max(0, seconds);
}

/** Seconds until the next try, or null when there is none. */
export function retryAfter(
  policy: RetryPolicy | undefined,
  attempt: number,
  result: StepResult,
  random: () => number,
): number | null {
  if (result.kind === "retry") return attempt <= result.maxRetries ? result.seconds : null;
  if (result.kind !== "failure" || !result.retryable || !policy || attempt > policy.maxRetries) return null;
  return retryDelay(policy, attempt, random);
}
