/** When a schedule ticks. */

import { cronTicks, type ScheduleDef } from "@dagster-operator/sdk/internal";

/** The next `count` instants (ms) strictly after `after`. */
export function scheduleTimes({ cron, timezone }: ScheduleDef, after: number, count: number): number[] {
  const times: number[] = [];
  for (const time of cronTicks(cron, timezone, after)) {
    if (times.length >= count) break;
    times.push(time);
  }
  return times;
}
