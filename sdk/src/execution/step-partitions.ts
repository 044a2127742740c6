/** Which partitions a step is about, and which of an upstream asset it reads. */
import type { AssetDefinition, AssetDep } from "../asset/asset.ts";
import { keyText } from "../asset/asset-key.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { partitionKeysInRange, partitionTimeWindow, upstreamPartitionKeys } from "../partitions/index.ts";
import type { TimeWindow } from "./context.ts";
import type { RunContext } from "./step-protocol.ts";

export interface StepPartitions {
  def: PartitionsDef | null;
  /** [] for a step without partitions. */
  keys: string[];
  /** The run names a range: values are keyed by partition. */
  range: boolean;
}

export interface PartitionClock {
  now: number;
  /** Keys of dynamic partitions, fetched before. */
  dynamic: (name: string) => string[];
}

const NO_PARTITIONS: StepPartitions = { def: null, keys: [], range: false };

/** @throws when the step has partitions and the run names none */
export function stepPartitions(
  what: string,
  def: PartitionsDef | null,
  partition: RunContext["partition"],
  clock: PartitionClock,
): StepPartitions {
  if (def === null) return NO_PARTITIONS;
  if (partition === null)
    throw new Error(`${what} has partitions, and the run names none: launch it with a partition key`);
  if ("key" in partition) {
    const { key } = partition;
    if (def.kind === "static" && !def.keys.includes(key)) {
      throw new Error(
        `${what} has no partition ${key}${didYouMean(key, def.keys) || `: it has ${def.keys.slice(0, 10).join(", ")}`}`,
      );
    }
    return { def, keys: [key], range: false };
  }
  return { def, keys: partitionKeysInRange(def, partition.start, partition.end, clock), range: true };
}

const sameWindows = (a: PartitionsDef, b: PartitionsDef) =>
  a.kind !== "time_window" || b.kind !== "time_window" || (a.cron === b.cron && a.timezone === b.timezone);

/** Partitions of an upstream asset to load; null = it has none. `keyed`: the input is an object by partition, not one value. */
export function inputPartitions(
  upstream: AssetDefinition,
  dep: AssetDep | undefined,
  step: StepPartitions,
  clock: PartitionClock,
): { keys: string[]; keyed: boolean } | null {
  const { partitions } = upstream;
  if (partitions === undefined) return null;
  const mapping = dep?.mapping;
  const keys = upstreamPartitionKeys({
    downstream: step.def,
    upstream: partitions,
    mapping,
    keys: step.keys,
    ...clock,
  });
  if (keys === null) return null;
  const single =
    mapping === undefined
      ? step.def !== null && sameWindows(step.def, partitions)
      : mapping.kind === "identity" || mapping.kind === "last";
  if (step.range || !single) return { keys, keyed: true };
  if (keys.length === 0) {
    throw new Error(
      `asset ${keyText(upstream.key)} has no partition for ${step.keys.join(", ") || "this step"}: it does not reach that far`,
    );
  }
  return { keys, keyed: keys.length > 1 };
}

/** Names of the dynamic partitions in a definition. */
export function dynamicNames(def: PartitionsDef | null | undefined): string[] {
  if (def?.kind === "dynamic") return [def.name];
  return def?.kind === "multi" ? def.dimensions.flatMap(({ partitions }) => dynamicNames(partitions)) : [];
}

const hasTime = (def: PartitionsDef): boolean =>
  def.kind === "time_window" ||
  (def.kind === "multi" && def.dimensions.some(({ partitions }) => hasTime(partitions)));

/** From the start of the first to the end of the last; undefined when the partitions are not of time. */
export function timeWindowOf(
  def: PartitionsDef | null | undefined,
  keys: readonly string[],
): TimeWindow | undefined {
  const [first] = keys;
  const last = keys.at(-1);
  if (def === null || def === undefined || first === undefined || last === undefined || !hasTime(def))
    return undefined;
  return { start: partitionTimeWindow(def, first).start, end: partitionTimeWindow(def, last).end };
}
