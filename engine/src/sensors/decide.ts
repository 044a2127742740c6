/** When a sensor is due. Pure. */
import type { SensorDef } from "@dagster-operator/sdk/internal";
import type { InstigatorState } from "../ports/tick-storage.ts";

/** Clocks of daemons differ by less (ms). */
const SKEW_MS = 60_000;

/**
 * The time (ms) at which it may be evaluated next: its minimum interval after the last evaluation, at once before the first.
 * Times that are far ahead were written before the clock was set back, and hold nothing up.
 */
export function nextEvaluation(
  sensor: Pick<SensorDef, "minimumInterval">,
  { lastTickAt, since }: Pick<InstigatorState, "lastTickAt" | "since">,
  now: number,
): number {
  const known = (time: number | null) => (time === null || time > now + SKEW_MS ? null : time);
  const last = known(lastTickAt);
  const from = known(since) ?? (last === null ? now : 0);
  return last === null ? from : Math.max(from, last + sensor.minimumInterval * 1000);
}
