import type { RetryPolicy } from "../model/definitions.ts";

/** Seconds to wait before try `attempt + 1`, after try `attempt` (from 1) failed. Dagster's formulas. */
export function retryDelay(policy: RetryPolicy, attempt: number, random: () => number): number {
  const base = policy.delay;
  let seconds = base;
  if (policy.backoff === "linear") seconds = base * attempt;
  else if (policy.backoff === "exponential") seconds = base * (2 ** attempt - 1);
  if (policy.jitter === "full") seconds *= random();
  else if (policy.jitter === "plus_minus") seconds += base * (2 * random() - 1);
  return Math.max(0, seconds);
}
