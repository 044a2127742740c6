/** What user code writes: `dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" })`. Plain values, checked when made. */
import { parseCron } from "../cron/parse.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import { timeZone } from "../time/zone.ts";
import { keyFormat } from "./key-format.ts";
import { firstStart, type TimeWindowPartitions, tickAfter, windowKey, windowOf } from "./time-windows.ts";

/** The partitions cannot be made so; the message says which argument is wrong. */
export class PartitionsError extends Error {
  override name = "PartitionsError";
}

export interface TimePartitionsOptions {
  /** Local time in `timezone` (`2024-01-01`, `2024-01-01T06:00`), a key in `format`, or an instant with its offset or as a Date. */
  start: string | Date;
  /** Partitions that end after it are not made. Default: goes on. */
  end?: string | Date | undefined;
  /** IANA name. Default `UTC`. */
  timezone?: string | undefined;
  /** strftime directives `%Y %m %d %H %M %S %z`. Default `%Y-%m-%d`, with `-%H:%M` when windows are shorter than a day. */
  format?: string | undefined;
  /** 1 = the running window has a partition too; negative = the last ones have none yet. Default 0. */
  endOffset?: number | undefined;
}
interface MinuteOffset {
  /** Minute at which a window starts. Default 0. */
  minuteOffset?: number | undefined;
}
interface HourOffset extends MinuteOffset {
  /** Hour at which a window starts. Default 0. */
  hourOffset?: number | undefined;
}

const TIME_OPTIONS: Known<TimePartitionsOptions> = {
  start: true,
  end: true,
  timezone: true,
  format: true,
  endOffset: true,
};
const MINUTE = { ...TIME_OPTIONS, minuteOffset: true as const };
const HOUR = { ...MINUTE, hourOffset: true as const };
const DAY = { ...HOUR, dayOffset: true as const };

/** One partition an hour; keys are written `2024-01-31-06:00`. */
export function hourlyPartitions(options: TimePartitionsOptions & MinuteOffset): TimeWindowPartitions {
  onlyKnown("hourlyPartitions", options, MINUTE);
  return windows({
    format: "%Y-%m-%d-%H:%M",
    ...options,
    cron: `${options.minuteOffset ?? 0} * * * *`,
  });
}

/**
 * One partition a day of the zone; keys are written `2024-01-31`.
 * @example
 * dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" });
 */
export function dailyPartitions(options: TimePartitionsOptions & HourOffset): TimeWindowPartitions {
  onlyKnown("dailyPartitions", options, HOUR);
  return windows({
    format: "%Y-%m-%d",
    ...options,
    cron: `${options.minuteOffset ?? 0} ${options.hourOffset ?? 0} * * *`,
  });
}

/** One partition a week; keys are the day on which it starts. @param options.dayOffset weekday on which a week starts, 0 = Sunday (default) */
export function weeklyPartitions(
  options: TimePartitionsOptions & HourOffset & { dayOffset?: number | undefined },
): TimeWindowPartitions {
  onlyKnown("weeklyPartitions", options, DAY);
  const { minuteOffset = 0, hourOffset = 0, dayOffset = 0 } = options;
  return windows({
    format: "%Y-%m-%d",
    ...options,
    cron: `${minuteOffset} ${hourOffset} * * ${dayOffset}`,
  });
}

/** One partition a month; keys are the day on which it starts. @param options.dayOffset day on which a month starts, from 1 (default) */
export function monthlyPartitions(
  options: TimePartitionsOptions & HourOffset & { dayOffset?: number | undefined },
): TimeWindowPartitions {
  onlyKnown("monthlyPartitions", options, DAY);
  const { minuteOffset = 0, hourOffset = 0, dayOffset = 1 } = options;
  return windows({
    format: "%Y-%m-%d",
    ...options,
    cron: `${minuteOffset} ${hourOffset} ${dayOffset} * *`,
  });
}

/** Windows between the ticks of any cron (five fields). */
export function cronPartitions(options: TimePartitionsOptions & { cron: string }): TimeWindowPartitions {
  onlyKnown("cronPartitions", options, { ...TIME_OPTIONS, cron: true });
  return windows(options);
}

function windows(options: TimePartitionsOptions & { cron: string }): TimeWindowPartitions {
  const { timezone = "UTC", endOffset = 0 } = options;
  const cron = parseCron(options.cron);
  timeZone(timezone);
  const daily = cron.minutes?.length === 1 && cron.hours?.length === 1;
  const format = options.format ?? (daily ? "%Y-%m-%d" : "%Y-%m-%d-%H:%M");
  if (!Number.isInteger(endOffset))
    throw new PartitionsError(`endOffset must be a whole number of partitions, not ${endOffset}`);
  const start = instantOf("start", options.start, format, timezone);
  const end = options.end === undefined ? undefined : instantOf("end", options.end, format, timezone);
  if (end !== undefined && start >= end) {
    throw new PartitionsError(
      `partitions start at ${shown(options.start)}, which is not before their end ${shown(options.end ?? "")}`,
    );
  }
  const def: TimeWindowPartitions = {
    kind: "time_window",
    cron: options.cron,
    timezone,
    start: new Date(start).toISOString(),
    ...(end !== undefined && { end: new Date(end).toISOString() }),
    format,
    endOffset,
  };
  checkFormat(def);
  return def;
}

/** Fixed keys, typed: `partitionKey` is `"eu" | "us"`. */
export function staticPartitions<const K extends string>(keys: readonly K[]): { kind: "static"; keys: K[] } {
  const seen = new Set<string>();
  for (const key of keys) {
    if (key === "" || key.includes("...") || hasControlCharacter(key)) {
      throw new PartitionsError(
        `${JSON.stringify(key)} cannot be a partition key: it must not be empty, nor have ... or control characters in it`,
      );
    }
    if (seen.has(key))
      throw new PartitionsError(`static partitions name the key ${JSON.stringify(key)} twice`);
    seen.add(key);
  }
  return { kind: "static", keys: [...keys] };
}

/** Keys that sensors, runs and GraphQL add and delete while the system runs, under this name. */
export function dynamicPartitions(name: string): Extract<PartitionsDef, { kind: "dynamic" }> {
  if (name === "")
    throw new PartitionsError("dynamic partitions need a name, under which their keys are stored");
  return { kind: "dynamic", name };
}

/** Dynamic partitions, or the name that they were given. */
export type DynamicPartitions = string | { readonly kind: "dynamic"; readonly name: string };

export const dynamicName = (partitions: DynamicPartitions): string =>
  typeof partitions === "string" ? partitions : partitions.name;

/** `multiPartitions({ date: daily, region })`: keys are written `2024-01-01|eu`, by the names of the dimensions in order. */
export function multiPartitions(
  dimensions: Record<string, PartitionsDef>,
): Extract<PartitionsDef, { kind: "multi" }> {
  const names = Object.keys(dimensions).sort();
  if (names.length < 2) throw new PartitionsError("multi-partitions need two dimensions or more");
  return {
    kind: "multi",
    dimensions: names.map((name) => {
      const partitions = dimensions[name];
      if (!partitions) throw new PartitionsError(`dimension ${name} has no partitions`);
      if (partitions.kind === "multi")
        throw new PartitionsError(`dimension ${name} has dimensions itself: name them all in one`);
      const bad = partitions.kind === "static" ? partitions.keys.find((key) => key.includes("|")) : undefined;
      if (bad !== undefined)
        throw new PartitionsError(
          `dimension ${name}: ${JSON.stringify(bad)} has a | in it, which separates the parts of a key`,
        );
      return { name, partitions };
    }),
  };
}

const hasControlCharacter = (key: string) => [...key].some((character) => character < " ");
const shown = (time: string | Date) => (typeof time === "string" ? time : time.toISOString());

function instantOf(name: string, time: string | Date, format: string, timezone: string): number {
  if (typeof time !== "string") {
    if (Number.isNaN(time.getTime())) throw new PartitionsError(`${name} is not a valid date`);
    return time.getTime();
  }
  const zone = timeZone(timezone);
  if (/(?:Z|[+-]\d{2}:?\d{2})$/.test(time) && time.includes("T")) {
    const instant = Date.parse(time);
    if (!Number.isNaN(instant)) return instant;
  }
  const normal = time.replace("T", " ");
  for (const tried of [format, "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d-%H:%M"]) {
    const instant = keyFormat(tried).read(tried === format ? time : normal, zone);
    if (instant !== null) return instant;
  }
  throw new PartitionsError(
    `${name} ${JSON.stringify(time)} is not a time: write it as 2024-01-31, 2024-01-31T06:00 or ${format}`,
  );
}

/** A format that leaves out what tells windows apart would give two of them one key. */
function checkFormat(def: TimeWindowPartitions): void {
  let start = firstStart(def);
  for (let i = 0; i < 3; i++) {
    const key = windowKey(def, start);
    if (windowOf(def, key)?.start !== start) {
      throw new PartitionsError(
        `format ${JSON.stringify(def.format)} gives different windows of ${def.cron} the same key ${key}: add what tells them apart, e.g. %H:%M`,
      );
    }
    start = tickAfter(def, start);
  }
}
