/** Time-window partitions: which windows there are, and their keys. */
import { cronTicks, cronTicksBefore } from "../cron/ticks.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import { timeZone } from "../time/zone.ts";
import { keyFormat } from "./key-format.ts";

export type TimeWindowPartitions = Extract<PartitionsDef, { kind: "time_window" }>;

/** Half-open: `end` is the start of the next window. Milliseconds since the epoch. */
export interface Window {
  start: number;
  end: number;
}

const first = (ticks: Iterable<number>): number => {
  for (const tick of ticks) return tick;
  throw new Error("a cron has no tick");
};

const tickAtOrAfter = (def: TimeWindowPartitions, instant: number) =>
  first(cronTicks(def.cron, def.timezone, instant - 1));
export const tickAfter = (def: TimeWindowPartitions, instant: number) =>
  first(cronTicks(def.cron, def.timezone, instant));
export const tickAtOrBefore = (def: TimeWindowPartitions, instant: number) =>
  first(cronTicksBefore(def.cron, def.timezone, instant + 1));

/** The ends of a definition as they were asked for last: they are asked for key by key. */
const ends = new WeakMap<TimeWindowPartitions, { first: number; now: number; last: number | null }>();
function endsOf(def: TimeWindowPartitions, now: number) {
  let known = ends.get(def);
  if (known === undefined) {
    known = { first: tickAtOrAfter(def, Date.parse(def.start)), now: Number.NaN, last: null };
    ends.set(def, known);
  }
  if (known.now !== now && !Number.isNaN(now)) {
    known.last = lastFrom(def, now, known.first);
    known.now = now;
  }
  return known;
}

export const firstStart = (def: TimeWindowPartitions) => endsOf(def, Number.NaN).first;

export const windowKey = (def: TimeWindowPartitions, start: number) =>
  keyFormat(def.format).write(start, timeZone(def.timezone), def.cron);

/** The window that a key names, whether it exists by now or not; null when no window of this definition is written so. */
export function windowOf(def: TimeWindowPartitions, key: string): Window | null {
  const known = series.get(def);
  const at = known?.index.get(key);
  const from = at === undefined ? undefined : known?.starts[at];
  if (at !== undefined && from !== undefined)
    return { start: from, end: known?.starts[at + 1] ?? tickAfter(def, from) };
  const read = keyFormat(def.format).read(key, timeZone(def.timezone));
  if (read === null) return null;
  // A format may leave out the time of day at which a window starts.
  const start = tickAtOrAfter(def, read);
  if (windowKey(def, start) !== key) return null;
  return { start, end: tickAfter(def, start) };
}

/** Start of the last window that exists at `now`, or null when there is none yet. */
export const lastStart = (def: TimeWindowPartitions, now: number): number | null => endsOf(def, now).last;

function lastFrom(def: TimeWindowPartitions, now: number, first: number): number | null {
  let last = stepped(def, tickAtOrBefore(def, now), def.endOffset - 1);
  if (def.end !== undefined)
    last = Math.min(last, stepped(def, tickAtOrBefore(def, Date.parse(def.end)), -1));
  return last < first ? null : last;
}

/** The tick `steps` after (or, negative, before) the tick `from`. */
export function stepped(def: TimeWindowPartitions, from: number, steps: number): number {
  if (steps === 0) return from;
  let left = Math.abs(steps);
  for (const tick of steps > 0
    ? cronTicks(def.cron, def.timezone, from)
    : cronTicksBefore(def.cron, def.timezone, from)) {
    if (--left === 0) return tick;
  }
  return from;
}

/** Starts and keys so far, kept as long as the definition object lives: a page asks for them again and again. */
interface Series {
  starts: number[];
  keys: string[];
  /** Place of a key. */
  index: Map<string, number>;
}
const series = new WeakMap<TimeWindowPartitions, Series>();

function startsUntil(def: TimeWindowPartitions, last: number): Series & { count: number } {
  let known = series.get(def);
  if (!known) {
    known = { starts: [], keys: [], index: new Map() };
    series.set(def, known);
  }
  const { starts, keys, index } = known;
  const from = starts.at(-1) ?? Date.parse(def.start) - 1;
  if (from < last) {
    for (const tick of cronTicks(def.cron, def.timezone, from)) {
      if (tick > last) break;
      starts.push(tick);
    }
  }
  return { starts, keys, index, count: indexAfter(starts, last) };
}

/** Number of sorted `starts` that are not after `instant`. */
function indexAfter(starts: number[], instant: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function windowCount(def: TimeWindowPartitions, now: number): number {
  const last = lastStart(def, now);
  return last === null ? 0 : startsUntil(def, last).count;
}

/** A new array each time. */
export function windowKeys(def: TimeWindowPartitions, now: number): string[] {
  const last = lastStart(def, now);
  if (last === null) return [];
  const { starts, keys, index, count } = startsUntil(def, last);
  const format = keyFormat(def.format);
  const zone = timeZone(def.timezone);
  for (let i = keys.length; i < count; i++) {
    const key = format.write(starts[i] ?? 0, zone, def.cron);
    index.set(key, i);
    keys.push(key);
  }
  return keys.slice(0, count);
}

/** Keys of the windows that start within [from, to]. */
export function keysBetween(def: TimeWindowPartitions, from: number, to: number): string[] {
  const keys: string[] = [];
  for (const start of cronTicks(def.cron, def.timezone, from - 1)) {
    if (start > to) break;
    keys.push(windowKey(def, start));
  }
  return keys;
}
