import {
  comparePartitionKeys,
  type DefinitionsSnapshot,
  hasPartitionKey,
  type JobDef,
  type PartitionsAt,
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

/**
 * What of this run is partitioned: the job itself, or else the assets it makes or checks; one entry for each different
 * definition. The implicit job is of all assets, so what it is partitioned by says nothing of those that are selected.
 */
export function partitionedParts(
  snapshot: DefinitionsSnapshot,
  job: JobDef,
  assets: string[][],
): Partitioned[] {
  if (job.partitions && !job.implicit) return [{ what: `job ${job.name}`, partitions: job.partitions }];
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

/** What partitions depend on at one moment; dynamic keys are read once for all the requests of a batch. */
export class PartitionsNow {
  readonly #now: number;
  readonly #read: (name: string) => Promise<string[]>;
  readonly #dynamic = new Map<string, string[]>();

  constructor(now: number, read: (name: string) => Promise<string[]>) {
    this.#now = now;
    this.#read = read;
  }

  async of(def: PartitionsDef): Promise<PartitionsAt> {
    for (const name of dynamicNames(def)) {
      if (!this.#dynamic.has(name)) this.#dynamic.set(name, await this.#read(name));
    }
    return { now: this.#now, dynamic: (name) => this.#dynamic.get(name) ?? [] };
  }
}

/** Everything wrong with the partition of a run that touches `parts`. */
export async function partitionIssues(
  parts: Partitioned[],
  partition: Partition,
  now: PartitionsNow,
): Promise<Issue[]> {
  const path = "partition";
  if (partition === null) {
    const [part] = parts;
    if (!part) return [];
    const keys = partitionKeys(part.partitions, await now.of(part.partitions));
    const which = keys.length > 0 ? `, from "${keys[0]}" to "${keys.at(-1)}"` : "; it has none yet";
    return [{ path, message: `${part.what} is partitioned: name a partition key${which}` }];
  }
  if (parts.length === 0)
    return [{ path, message: "nothing in this run is partitioned: leave the partition out" }];
  const issues: Issue[] = [];
  for (const { what, partitions } of parts) {
    const at = await now.of(partitions);
    const wanted = "key" in partition ? [partition.key] : [partition.start, partition.end];
    const missing = wanted.filter((key) => !hasPartitionKey(partitions, key, at));
    for (const key of missing)
      issues.push({ path, message: unknownKey(what, key, partitionKeys(partitions, at)) });
    if ("key" in partition || missing.length > 0) continue;
    const { start, end } = partition;
    if (comparePartitionKeys(partitions, at)(start, end) > 0) {
      issues.push({ path, message: `the range begins with "${start}", which is after its end "${end}"` });
    }
  }
  return issues;
}

export function unknownKey(what: string, key: string, keys: string[]): string {
  if (keys.length === 0) return `${what} has no partitions yet, so not "${key}" either`;
  const range = `it has ${keys.length}, from "${keys[0]}" to "${keys.at(-1)}"`;
  return `${what} has no partition "${key}": ${didYouMean(key, keys) || range}`;
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
