import {
  dimensionsOf,
  type PartitionsDef,
  partitionTimeWindow,
  splitKey,
} from "@dagster-operator/sdk/internal";
import { type Subset, Universe } from "./subset.ts";

/** Partitions within the latest time window, or `lookbackSeconds` before its end; all of those that have no time. */
export function latestWindow(
  partitions: PartitionsDef | null,
  universe: Universe,
  lookbackSeconds: number | null,
): Subset {
  if (universe.keys === null || partitions === null) return universe.full();
  if (partitions.kind === "time_window") return latest(partitions, universe, lookbackSeconds);
  if (partitions.kind !== "multi") return universe.full();
  const timed = dimensionsOf(partitions).find((dimension) => dimension.partitions.kind === "time_window");
  if (!timed) return universe.full();
  const parts = new Map<string, string[]>();
  for (const whole of universe.keys) {
    const part = splitKey(partitions, whole)?.find(({ name }) => name === timed.name)?.key;
    if (part !== undefined) parts.set(part, [...(parts.get(part) ?? []), whole]);
  }
  const start = new Map(
    [...parts.keys()].map((key) => [key, partitionTimeWindow(timed.partitions, key).start.getTime()]),
  );
  const windows = [...parts.keys()].sort((a, b) => (start.get(a) ?? 0) - (start.get(b) ?? 0));
  const found = latest(timed.partitions, new Universe(windows), lookbackSeconds);
  return universe.of(found.keys().flatMap((part) => parts.get(part) ?? []));
}

function latest(def: PartitionsDef, universe: Universe, lookbackSeconds: number | null): Subset {
  const keys = universe.keys ?? [];
  const last = keys.at(-1);
  if (last === undefined) return universe.empty();
  if (lookbackSeconds === null) return universe.of([last]);
  const from = partitionTimeWindow(def, last).end.getTime() - lookbackSeconds * 1000;
  const found: string[] = [];
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] ?? "";
    if (partitionTimeWindow(def, key).start.getTime() < from) break;
    found.push(key);
  }
  return universe.of(found);
}
