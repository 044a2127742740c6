/** When a sensor is due. Pure. */
import type { SensorDef } from "@dagster-operator/sdk/internal";

/** The time (ms) at which it may be evaluated next: its minimum interval after the last evaluation, at once before the first. */
export function nextEvaluation(
  sensor: Pick<SensorDef, "minimumInterval">,
  lastTickAt: number | null,
): number {
  return lastTickAt === null ? 0 : lastTickAt + sensor.minimumInterval * 1000;
}

export function isSensorDue(
  sensor: Pick<SensorDef, "minimumInterval">,
  lastTickAt: number | null,
  now: number,
): boolean {
  return nextEvaluation(sensor, lastTickAt) <= now;
}
