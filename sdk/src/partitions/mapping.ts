/** Which partitions of an upstream asset a downstream partition needs, and the other way round. */
import type { PartitionMapping, PartitionsDef } from "../model/definitions.ts";
import { asTable, PartitionMappingError } from "./custom-mapping.ts";
import { hasPartitionKey, lastPartitionKey, type PartitionsAt, partitionKeys } from "./keys.ts";
import { dimensionsOf, joinKey, splitKey } from "./multi-key.ts";
import {
  firstStart,
  keysBetween,
  lastStart,
  stepped,
  type TimeWindowPartitions,
  tickAtOrBefore,
  windowOf,
} from "./time-windows.ts";

type Multi = Extract<PartitionsDef, { kind: "multi" }>;

export interface MappingOf extends PartitionsAt {
  downstream: PartitionsDef | null;
  upstream: PartitionsDef | null;
  /** Absent = what Dagster takes for this pair of definitions. */
  mapping?: PartitionMapping | undefined;
  /** Keys of the side that is asked from. */
  keys: readonly string[];
}

/** Dagster's default: windows that overlap, equal keys, the dimension that fits, or all when the downstream asset is whole. */
export function defaultMapping(downstream: PartitionsDef | null, upstream: PartitionsDef): PartitionMapping {
  if (downstream === null) return { kind: "all" };
  if (downstream.kind === "time_window" && upstream.kind === "time_window")
    return { kind: "time_window", startOffset: 0, endOffset: 0 };
  if ((downstream.kind === "multi") !== (upstream.kind === "multi")) return { kind: "multi_to_single" };
  return { kind: "identity" };
}

/**
 * Upstream keys that the given downstream keys need, those that exist, in order; null when the upstream asset has no
 * partitions. With no downstream partitions, `keys` is not looked at.
 */
export function upstreamPartitionKeys(of: MappingOf): string[] | null {
  const { downstream, upstream, keys } = of;
  if (upstream === null) return null;
  const mapping = asTable(of.mapping, downstream, upstream, of) ?? defaultMapping(downstream, upstream);
  if (mapping.kind === "all") return partitionKeys(upstream, of);
  if (mapping.kind === "last") {
    const last = lastPartitionKey(upstream, of);
    return last === null ? [] : [last];
  }
  if (downstream === null) throw wrong(mapping, downstream, upstream);
  switch (mapping.kind) {
    case "identity":
      return same(downstream, upstream)
        ? [...keys]
        : keys.filter((key) => hasPartitionKey(upstream, key, of));
    case "time_window": {
      if (downstream.kind !== "time_window" || upstream.kind !== "time_window")
        throw wrong(mapping, downstream, upstream);
      if (sameWindows(downstream, upstream) && mapping.startOffset === 0 && mapping.endOffset === 0) {
        return keys.filter((key) => hasPartitionKey(upstream, key, of));
      }
      return unique(
        keys.flatMap((key) => {
          const window = windowOf(downstream, key);
          if (!window) return [];
          const start = stepped(downstream, window.start, mapping.startOffset);
          return overlapping(upstream, start, stepped(downstream, window.end, mapping.endOffset), of.now);
        }),
      );
    }
    case "static": {
      const wanted = new Set(keys);
      const mapped = Object.entries(mapping.downstreamByUpstream);
      const found = new Set(
        mapped.flatMap(([up, downs]) => (downs.some((down) => wanted.has(down)) ? [up] : [])),
      );
      return partitionKeys(upstream, of).filter((key) => found.has(key));
    }
    case "multi_to_single":
      if (upstream.kind === "multi" && downstream.kind !== "multi") {
        const name = dimensionFor(upstream, downstream, mapping);
        return withDimension(
          upstream,
          name,
          (partitions) => upstreamPartitionKeys({ ...of, upstream: partitions, mapping: undefined }) ?? [],
          of,
        );
      }
      if (downstream.kind === "multi" && upstream.kind !== "multi") {
        const { partitions, parts } = dimensionParts(downstream, upstream, mapping, keys);
        return upstreamPartitionKeys({ ...of, downstream: partitions, mapping: undefined, keys: parts });
      }
      throw wrong(mapping, downstream, upstream);
    case "custom":
      throw wrong(mapping, downstream, upstream);
  }
}

/** Downstream keys that exist and need any of the given upstream keys, in order; null when the downstream asset has no partitions. */
export function downstreamPartitionKeys(of: MappingOf): string[] | null {
  const { downstream, upstream, keys } = of;
  if (downstream === null) return null;
  if (upstream === null) return partitionKeys(downstream, of);
  const mapping = asTable(of.mapping, downstream, upstream, of) ?? defaultMapping(downstream, upstream);
  switch (mapping.kind) {
    case "all":
      return keys.length > 0 ? partitionKeys(downstream, of) : [];
    case "last": {
      const last = lastPartitionKey(upstream, of);
      return last !== null && keys.includes(last) ? partitionKeys(downstream, of) : [];
    }
    case "identity":
      return same(downstream, upstream)
        ? [...keys]
        : keys.filter((key) => hasPartitionKey(downstream, key, of));
    case "time_window":
      if (downstream.kind !== "time_window" || upstream.kind !== "time_window")
        throw wrong(mapping, downstream, upstream);
      if (sameWindows(downstream, upstream) && mapping.startOffset === 0 && mapping.endOffset === 0) {
        if (same(downstream, upstream) && keys.length > 1) partitionKeys(downstream, of);
        return keys.filter((key) => hasPartitionKey(downstream, key, of));
      }
      return unique(
        keys.flatMap((key) => {
          const window = windowOf(upstream, key);
          if (!window) return [];
          // The downstream windows that overlap, moved back by what they reach.
          const first = stepped(downstream, tickAtOrBefore(downstream, window.start), -mapping.endOffset);
          const last = stepped(downstream, tickAtOrBefore(downstream, window.end - 1), -mapping.startOffset);
          return existing(downstream, first, last, of.now);
        }),
      );
    case "static": {
      const found = new Set(keys.flatMap((key) => mapping.downstreamByUpstream[key] ?? []));
      return partitionKeys(downstream, of).filter((key) => found.has(key));
    }
    case "multi_to_single":
      if (downstream.kind === "multi" && upstream.kind !== "multi") {
        const name = dimensionFor(downstream, upstream, mapping);
        return withDimension(
          downstream,
          name,
          (partitions) =>
            downstreamPartitionKeys({ ...of, downstream: partitions, mapping: undefined }) ?? [],
          of,
        );
      }
      if (upstream.kind === "multi" && downstream.kind !== "multi") {
        const { partitions, parts } = dimensionParts(upstream, downstream, mapping, keys);
        return downstreamPartitionKeys({ ...of, upstream: partitions, mapping: undefined, keys: parts });
      }
      throw wrong(mapping, downstream, upstream);
    case "custom":
      throw wrong(mapping, downstream, upstream);
  }
}

/** Keys of the windows that share time with [start, end). */
function overlapping(def: TimeWindowPartitions, start: number, end: number, now: number): string[] {
  return start < end ? existing(def, tickAtOrBefore(def, start), tickAtOrBefore(def, end - 1), now) : [];
}

function existing(def: TimeWindowPartitions, from: number, to: number, now: number): string[] {
  const last = lastStart(def, now);
  if (last === null) return [];
  return keysBetween(def, Math.max(from, firstStart(def)), Math.min(to, last));
}

/** All keys whose part in one dimension is among `keysOf` that dimension. */
function withDimension(
  multi: Multi,
  name: string,
  keysOf: (partitions: PartitionsDef) => string[],
  at: PartitionsAt,
): string[] {
  const lists = dimensionsOf(multi).map((dimension) =>
    dimension.name === name ? keysOf(dimension.partitions) : partitionKeys(dimension.partitions, at),
  );
  return lists
    .reduce<string[][]>((rows, list) => rows.flatMap((row) => list.map((key) => [...row, key])), [[]])
    .map(joinKey);
}

function dimensionParts(
  multi: Multi,
  single: PartitionsDef,
  mapping: PartitionMapping & { kind: "multi_to_single" },
  keys: readonly string[],
) {
  const name = dimensionFor(multi, single, mapping);
  const partitions = multi.dimensions.find((dimension) => dimension.name === name)?.partitions ?? single;
  const parts = keys.flatMap((key) => splitKey(multi, key)?.find((part) => part.name === name)?.key ?? []);
  return { partitions, parts: unique(parts) };
}

/** The dimension named, or the one that equals the single definition, or the one of its kind. */
function dimensionFor(
  multi: Multi,
  single: PartitionsDef,
  mapping: PartitionMapping & { kind: "multi_to_single" },
): string {
  const names = multi.dimensions.map((dimension) => dimension.name);
  if (mapping.dimension !== undefined) {
    if (names.includes(mapping.dimension)) return mapping.dimension;
    throw new PartitionMappingError(`there is no dimension ${mapping.dimension}, only ${names.join(", ")}`);
  }
  const equal = multi.dimensions.filter((dimension) => same(dimension.partitions, single));
  const alike =
    equal.length > 0
      ? equal
      : multi.dimensions.filter((dimension) => dimension.partitions.kind === single.kind);
  const [only] = alike;
  if (only && alike.length === 1) return only.name;
  throw new PartitionMappingError(
    `which dimension is meant is not clear (${names.join(", ")}): name it in the partition mapping`,
  );
}

const sameWindows = (a: TimeWindowPartitions, b: TimeWindowPartitions) =>
  a.cron === b.cron && a.timezone === b.timezone && a.format === b.format;
const same = (a: PartitionsDef, b: PartitionsDef) => a === b || JSON.stringify(a) === JSON.stringify(b);
const unique = (keys: string[]) => [...new Set(keys)];

function wrong(
  mapping: PartitionMapping,
  downstream: PartitionsDef | null,
  upstream: PartitionsDef,
): PartitionMappingError {
  return new PartitionMappingError(
    `a ${mapping.kind} partition mapping does not lead from ${upstream.kind} to ${downstream?.kind ?? "no"} partitions`,
  );
}
