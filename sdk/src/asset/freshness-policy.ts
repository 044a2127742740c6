import { parseCron } from "../cron/parse.ts";
import type { FreshnessPolicyDef } from "../model/definitions.ts";
import { timeZone } from "../time/zone.ts";

/** How old an asset may be: shown on its page, and a part of automation conditions. Nothing is started by it alone. */
export const FreshnessPolicy = {
  /**
   * By the age of its newest materialization, in seconds.
   * @param options.warnWindow from this age on it is WARN; less than `failWindow`
   * @example
   * asset("orders", { freshnessPolicy: FreshnessPolicy.timeWindow({ failWindow: 24 * 3600, warnWindow: 12 * 3600 }) }, …);
   */
  timeWindow({ failWindow, warnWindow }: { failWindow: number; warnWindow?: number }): FreshnessPolicyDef {
    if (!(failWindow >= 60))
      throw new RangeError(`failWindow is ${failWindow}: it must be seconds, at least 60`);
    if (warnWindow !== undefined && !(warnWindow >= 60 && warnWindow < failWindow))
      throw new RangeError(
        `warnWindow is ${warnWindow}: it must be seconds, at least 60 and less than failWindow`,
      );
    return { kind: "time_window", failWindow, ...(warnWindow === undefined ? {} : { warnWindow }) };
  },
  /**
   * By a deadline: at each tick of the cron it must have been materialized within `lowerBoundDelta` seconds before, or since.
   * Throws for a wrong cron or time zone.
   */
  cron(options: { deadlineCron: string; lowerBoundDelta: number; timezone?: string }): FreshnessPolicyDef {
    const { deadlineCron, lowerBoundDelta, timezone = "UTC" } = options;
    parseCron(deadlineCron);
    timeZone(timezone);
    if (!(lowerBoundDelta >= 60))
      throw new RangeError(`lowerBoundDelta is ${lowerBoundDelta}: it must be seconds, at least 60`);
    return { kind: "cron", deadlineCron, lowerBoundDelta, timezone };
  },
};
