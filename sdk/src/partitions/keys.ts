/** Keys of any partitions definition. Pure: the time and the dynamic keys are passed in. */
import type { PartitionsDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { dimensionsOf, joinKey, splitKey } from "./multi-key.ts";
import {
  firstStart,
  keysBetween,
  lastStart,
  type TimeWindowPartitions,
  windowCount,
  windowKey,
  windowKeys,
  windowOf,
} from "./time-windows.ts";

/** What keys depend on besides the definition. */
export interface PartitionsAt {
  /** Milliseconds since the epoch: windows that end after it are not there yet. */
  now: number;
  /** Present keys of a dynamic partitions definition, in order. */
  dynamic: (name: string) => string[];
}

/** A key that this definition does not have. */
export class PartitionKeyError extends Error {
  override name = "PartitionKeyError";
}

/** All keys that exist, in order. */
export function partitionKeys(def: PartitionsDef, at: PartitionsAt): string[] {
  switch (def.kind) {
    case "time_window":
      return windowKeys(def, at.now);
    case "static":
      return [...def.keys];
    case "dynamic":
      return [...at.dynamic(def.name)];
    case "multi":
      return product(dimensionsOf(def).map(({ partitions }) => partitionKeys(partitions, at)));
  }
}

export function partitionCount(def: PartitionsDef, at: PartitionsAt): number {
  switch (def.kind) {
    case "time_window":
      return windowCount(def, at.now);
    case "static":
      return def.keys.length;
    case "dynamic":
      return at.dynamic(def.name).length;
    case "multi":
      return def.dimensions.reduce((count, { partitions }) => count * partitionCount(partitions, at), 1);
  }
}

export function hasPartitionKey(def: PartitionsDef, key: string, at: PartitionsAt): boolean {
  switch (def.kind) {
    case "time_window": {
      const window = windowOf(def, key);
      const last = window && lastStart(def, at.now);
      return window !== null && last !== null && window.start <= last && window.start >= firstStart(def);
    }
    case "static":
      return def.keys.includes(key);
    case "dynamic":
      return at.dynamic(def.name).includes(key);
    case "multi": {
      const parts = splitKey(def, key);
      return parts?.every(({ partitions, key: part }) => hasPartitionKey(partitions, part, at)) ?? false;
    }
  }
}

/** Whether it is written as a key of this definition: it may exist now, later, or have been deleted. */
export function couldBePartitionKey(def: PartitionsDef, key: string): boolean {
  switch (def.kind) {
    case "time_window":
      return windowOf(def, key) !== null;
    case "static":
      return def.keys.includes(key);
    case "dynamic":
      return key !== "";
    case "multi":
      return (
        splitKey(def, key)?.every(({ partitions, key: part }) => couldBePartitionKey(partitions, part)) ??
        false
      );
  }
}

export function lastPartitionKey(def: PartitionsDef, at: PartitionsAt): string | null {
  if (def.kind === "time_window") {
    const last = lastStart(def, at.now);
    return last === null ? null : windowKey(def, last);
  }
  if (def.kind !== "multi") return partitionKeys(def, at).at(-1) ?? null;
  const lasts = dimensionsOf(def).map(({ partitions }) => lastPartitionKey(partitions, at));
  return lasts.includes(null) ? null : joinKey(lasts.filter((key) => key !== null));
}

/** The last window that exists at `instant` (for windows, `endOffset` counts); null for partitions that are not of time. */
export function lastPartitionEndingAt(def: PartitionsDef, instant: number): string | null {
  return def.kind === "time_window" ? lastPartitionKey(def, { now: instant, dynamic: () => [] }) : null;
}

/**
 * Keys from `start` to `end`, both included; of several dimensions, those within the range of each. Windows need not
 * exist by now. Throws PartitionKeyError for a key that is none of this definition, or ends the wrong way round.
 */
export function partitionKeysInRange(
  def: PartitionsDef,
  start: string,
  end: string,
  at: PartitionsAt,
): string[] {
  if (def.kind === "time_window") {
    const from = windowIn(def, start).start;
    const to = windowIn(def, end).start;
    if (from > to) throw new PartitionKeyError(`the partition range ${start} … ${end} ends before it starts`);
    return keysBetween(def, from, to);
  }
  if (def.kind === "multi") {
    const ends = splitIn(def, end);
    return product(
      splitIn(def, start).map((from, i) =>
        partitionKeysInRange(from.partitions, from.key, ends[i]?.key ?? "", at),
      ),
    );
  }
  const keys = partitionKeys(def, at);
  const [from, to] = [start, end].map((key) => {
    const index = keys.indexOf(key);
    if (index < 0) throw new PartitionKeyError(`there is no partition ${key}${didYouMean(key, keys)}`);
    return index;
  });
  if ((from ?? 0) > (to ?? 0))
    throw new PartitionKeyError(`the partition range ${start} … ${end} ends before it starts`);
  return keys.slice(from, (to ?? 0) + 1);
}

/** The time that a key covers: half-open. Of several dimensions, that of the one that is time. Throws PartitionKeyError. */
export function partitionTimeWindow(def: PartitionsDef, key: string): { start: Date; end: Date } {
  if (def.kind === "multi") {
    const timed = splitIn(def, key).find(({ partitions }) => partitions.kind === "time_window");
    if (timed) return partitionTimeWindow(timed.partitions, timed.key);
  }
  if (def.kind !== "time_window")
    throw new PartitionKeyError(`partition ${key} covers no time: its partitions are ${def.kind}`);
  const window = windowIn(def, key);
  return { start: new Date(window.start), end: new Date(window.end) };
}

/** For sorting: negative when `a` comes first. Keys that the definition does not have come last, by text. */
export function comparePartitionKeys(def: PartitionsDef, at: PartitionsAt): (a: string, b: string) => number {
  const ranks = new Map<string, number>();
  // Windows that are listed once are found by their key.
  if (def.kind === "time_window") windowKeys(def, at.now);
  if (def.kind !== "time_window") for (const [i, key] of partitionKeys(def, at).entries()) ranks.set(key, i);
  const rank = (key: string) => {
    let known = ranks.get(key);
    if (known === undefined) {
      known =
        (def.kind === "time_window" ? windowOf(def, key)?.start : undefined) ?? Number.POSITIVE_INFINITY;
      ranks.set(key, known);
    }
    return known;
  };
  return (a, b) => {
    const [x, y] = [rank(a), rank(b)];
    if (x !== y) return x < y ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

function windowIn(def: TimeWindowPartitions, key: string) {
  const window = windowOf(def, key);
  if (!window)
    throw new PartitionKeyError(
      `there is no partition ${key}: keys are written ${def.format} and start at ${def.cron} (${def.timezone})`,
    );
  if (window.start < firstStart(def))
    throw new PartitionKeyError(
      `partition ${key} is before the first one, ${windowKey(def, firstStart(def))}`,
    );
  if (def.end !== undefined && window.end > Date.parse(def.end))
    throw new PartitionKeyError(`partition ${key} is after the end of its partitions, ${def.end}`);
  return window;
}

function splitIn(def: Extract<PartitionsDef, { kind: "multi" }>, key: string) {
  const parts = splitKey(def, key);
  if (!parts)
    throw new PartitionKeyError(
      `there is no partition ${key}: a key is written ${dimensionsOf(def)
        .map((d) => d.name)
        .join("|")}`,
    );
  return parts;
}

/** In the order of the first list, then the second, and so on. */
function product(lists: string[][]): string[] {
  return lists
    .reduce<string[][]>((rows, list) => rows.flatMap((row) => list.map((key) => [...row, key])), [[]])
    .map(joinKey);
}
