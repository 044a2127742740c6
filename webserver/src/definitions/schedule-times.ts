/** When a schedule ticks. */

import type { ScheduleDef } from "@dagster-operator/sdk/internal";
import * as sdk from "@dagster-operator/sdk/internal";

// Until sdk/src/cron has landed, so that everything compiles and links.
const { cronTicks } = sdk as unknown as {
  cronTicks: (cron: string[], timezone: string, after: number) => Iterable<number>;
};

/** The next `count` instants (ms) strictly after `after`. */
export function scheduleTimes({ cron, timezone }: ScheduleDef, after: number, count: number): number[] {
  const times: number[] = [];
  for (const time of cronTicks(cron, timezone, after)) {
    if (times.length >= count) break;
    times.push(time);
  }
  return times;
}
