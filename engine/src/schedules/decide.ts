/** When a schedule is due. Pure, apart from the cron iterator, which is pure too. */
import { cronTicks, cronTicksBefore, type ScheduleDef } from "@dagster-operator/sdk/internal";
import type { InstigatorState } from "../ports/tick-storage.ts";

/** What the user switched on or off, or else what the definition says. */
export function isRunning(
  definition: { defaultStatus: "RUNNING" | "STOPPED" },
  state: Pick<InstigatorState, "status"> | undefined,
): boolean {
  return (state?.status ?? definition.defaultStatus) === "RUNNING";
}

/** Missed ticks that are made up for when a schedule of a partitioned job comes back; Dagster's `max_catchup_runs`. */
const MAX_CATCHUP_TICKS = 5;

/** A tick that is looked at so late was not missed (ms): daemons take turns and are busy. */
const ON_TIME_MS = 60_000;

export interface ScheduleClock {
  /** Last tick time handled (ms), null before the first. */
  lastTickAt: number | null;
  /** Ticks before this are none of its business (ms). */
  since: number | null;
}

/**
 * Scheduled times to evaluate now, oldest first: those after the last one handled and not after `now`. Of several missed ones,
 * a partitioned job makes up for the last `maxCatchup` (each is its own partition), another job only for the latest, and a
 * schedule whose object has `catchUp` for as many as that says.
 */
export function dueTicks(
  schedule: Pick<ScheduleDef, "cron" | "timezone" | "catchUp">,
  clock: ScheduleClock,
  now: number,
  options: { partitioned: boolean; maxCatchup?: number },
): number[] {
  if (clock.since === null) return [];
  // `since` itself may be a tick: a schedule switched on at 12:00:00.000 runs at 12:00.
  const after = Math.max(clock.lastTickAt ?? Number.NEGATIVE_INFINITY, clock.since - 1);
  const usual = options.partitioned ? (options.maxCatchup ?? MAX_CATCHUP_TICKS) : 1;
  const keep = schedule.catchUp?.maxTicks ?? usual;
  const due: number[] = [];
  for (const at of cronTicksBefore(schedule.cron, schedule.timezone, now + 1)) {
    // One that is on time was not missed, also where none is made up for.
    if (at <= after || due.length >= Math.max(keep, now - at < ON_TIME_MS ? 1 : 0)) break;
    due.unshift(at);
  }
  return due;
}

/** The first scheduled time after `now` (ms), for the page and for how long to sleep; null = never. */
export function nextTick(schedule: Pick<ScheduleDef, "cron" | "timezone">, now: number): number | null {
  for (const at of cronTicks(schedule.cron, schedule.timezone, now)) return at;
  return null;
}
