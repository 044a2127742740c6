/** Is an asset as fresh as its policy wants it? Dagster's rules. Pure. */
import { cronTicksBefore, type FreshnessPolicyDef } from "@dagster-operator/sdk/internal";

export type FreshnessState = "PASS" | "WARN" | "FAIL" | "UNKNOWN";

/** @param lastAt time of the newest materialization; null = never: UNKNOWN. Times in milliseconds since the epoch. */
export function freshnessOf(policy: FreshnessPolicyDef, lastAt: number | null, now: number): FreshnessState {
  if (lastAt === null) return "UNKNOWN";
  if (policy.kind === "time_window") {
    const age = (now - lastAt) / 1000;
    if (age >= policy.failWindow) return "FAIL";
    return policy.warnWindow !== undefined && age >= policy.warnWindow ? "WARN" : "PASS";
  }
  // The last deadline that has passed: within the window before the next one, it is still the last that counts.
  for (const tick of cronTicksBefore(policy.deadlineCron, policy.timezone, now + 1))
    return lastAt >= tick - policy.lowerBoundDelta * 1000 ? "PASS" : "FAIL";
  return "PASS";
}
