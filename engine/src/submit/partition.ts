import {
  type DefinitionsSnapshot,
  type JobDef,
  type PartitionsDef,
  partitionKeys,
  type RunContext,
} from "@dagster-operator/sdk/internal";
import type { Issue } from "../errors.ts";
import { didYouMean } from "./nearest.ts";

type Partition = RunContext["partition"];

/** Something with partitions that a run touches, for messages: `job daily_report`, `asset raw/orders`. */
export interface Partitioned {
  what: string;
  partitions: PartitionsDef;
}

/** What of this run is partitioned: the job itself, or else the assets it makes; one entry for each different definition. */
export function partitionedParts(
  snapshot: DefinitionsSnapshot,
  job: JobDef,
  assets: string[][],
): Partitioned[] {
  if (job.partitions) return [{ what: `job ${job.name}`, partitions: job.partitions }];
  const selected = new Set(assets.map((key) => JSON.stringify(key)));
  const parts = new Map<string, Partitioned>();
  for (const asset of snapshot.assets) {
    if (!asset.partitions || !selected.has(JSON.stringify(asset.key))) continue;
    const id = JSON.stringify(asset.partitions);
    if (!parts.has(id)) parts.set(id, { what: `asset ${asset.key.join("/")}`, partitions: asset.partitions });
  }
  return [...parts.values()];
}

/** Names of the dynamic partition sets in a definition. */
export function dynamicNames(def: PartitionsDef): string[] {
  if (def.kind === "dynamic") return [def.name];
  return def.kind === "multi"
    ? def.dimensions.flatMap((dimension) => dynamicNames(dimension.partitions))
    : [];
}

/** Keys of a definition as a set in their order; kept, because a thousand requests of one tick ask for the same ones. */
export class PartitionKeys {
  readonly #sets = new Map<string, Set<string>>();
  readonly #now: number;
  readonly #dynamic: (name: string) => Promise<string[]>;

  constructor(now: number, dynamic: (name: string) => Promise<string[]>) {
    this.#now = now;
    this.#dynamic = dynamic;
  }

  async of(def: PartitionsDef): Promise<Set<string>> {
    const id = JSON.stringify(def);
    const known = this.#sets.get(id);
    if (known) return known;
    const dynamic = new Map<string, string[]>();
    for (const name of dynamicNames(def)) dynamic.set(name, await this.#dynamic(name));
    const keys = new Set(partitionKeys(def, { now: this.#now, dynamic: (name) => dynamic.get(name) ?? [] }));
    this.#sets.set(id, keys);
    return keys;
  }
}

/** Everything wrong with the partition of a run that touches `parts`. */
export async function partitionIssues(
  parts: Partitioned[],
  partition: Partition,
  known: PartitionKeys,
): Promise<Issue[]> {
  const path = "partition";
  if (partition === null) {
    return parts
      .slice(0, 1)
      .map(({ what }) => ({ path, message: `${what} is partitioned: name a partition key` }));
  }
  if (parts.length === 0)
    return [{ path, message: "nothing in this run is partitioned: leave the partition out" }];
  const issues: Issue[] = [];
  for (const { what, partitions } of parts) {
    const keys = await known.of(partitions);
    const wanted = "key" in partition ? [partition.key] : [partition.start, partition.end];
    const missing = wanted.filter((key) => !keys.has(key));
    for (const key of missing) issues.push({ path, message: unknownKey(what, key, keys) });
    if (!("key" in partition) && missing.length === 0) {
      const order = [...keys];
      if (order.indexOf(partition.start) > order.indexOf(partition.end)) {
        issues.push({
          path,
          message: `the range begins with "${partition.start}", which is after its end "${partition.end}"`,
        });
      }
    }
  }
  return issues;
}

function unknownKey(what: string, key: string, keys: Set<string>): string {
  if (keys.size === 0) return `${what} has no partitions yet, so not "${key}" either`;
  const near = didYouMean(key, keys);
  const order = [...keys];
  const range = `it has ${keys.size}, from "${order[0]}" to "${order.at(-1)}"`;
  return `${what} has no partition "${key}": ${near || range}`;
}

/** Dagster's tags for a partition: `dagster/partition`, one for each dimension, or the two ends of a range. */
export function partitionTags(partition: Partition, parts: Partitioned[]): Record<string, string> {
  if (partition === null) return {};
  if (!("key" in partition)) {
    return {
      "dagster/asset_partition_range_start": partition.start,
      "dagster/asset_partition_range_end": partition.end,
    };
  }
  const tags: Record<string, string> = { "dagster/partition": partition.key };
  const def = parts[0]?.partitions;
  if (def?.kind === "multi") {
    // Dagster writes a multi-dimensional key as the values in the order of the dimensions' names.
    const names = def.dimensions.map((dimension) => dimension.name).sort();
    for (const [index, value] of partition.key.split("|").entries())
      tags[`dagster/partition/${names[index]}`] = value;
  }
  return tags;
}

/** A partition that is named by tags alone, as Dagster's own clients do. */
export function partitionOfTags(tags: Record<string, string>): Partition {
  const start = tags["dagster/asset_partition_range_start"];
  const end = tags["dagster/asset_partition_range_end"];
  if (start !== undefined && end !== undefined) return { start, end };
  const key = tags["dagster/partition"];
  return key === undefined ? null : { key };
}
