/** Partition keys of definitions, with the dynamic ones read from storage. */

import { type PartitionsDef, partitionKeys, partitionTimeWindow } from "@dagster-operator/sdk/internal";
import type { Context } from "../graphql/context.ts";
import { assetId, type JobModel } from "./location-index.ts";

function dynamicNames(def: PartitionsDef): string[] {
  if (def.kind === "dynamic") return [def.name];
  return def.kind === "multi"
    ? def.dimensions.flatMap((dimension) => dynamicNames(dimension.partitions))
    : [];
}

/** All keys of a definition, in its order. */
export async function keysOf(ctx: Context, def: PartitionsDef | null): Promise<string[]> {
  if (!def) return [];
  const names = dynamicNames(def);
  const lists = await Promise.all(names.map((name) => ctx.dynamicPartitions.get(name)));
  const dynamic = new Map(names.map((name, i) => [name, lists[i] ?? []]));
  return partitionKeys(def, { now: ctx.clock.now(), dynamic: (name) => dynamic.get(name) ?? [] });
}

/** Start and end of a time window's key, in seconds. */
export function windowOf(def: PartitionsDef, key: string): { start: number; end: number } {
  const { start, end } = partitionTimeWindow(def, key);
  return { start: Number(start) / 1000, end: Number(end) / 1000 };
}

/** The partitions that a run of this job can take: the job's own, or those of the first partitioned asset it makes. */
export function partitionsOfJob({ def, location }: JobModel, selected?: string[][]): PartitionsDef | null {
  if (def.partitions) return def.partitions;
  const keys = selected?.length ? selected : def.target.kind === "assets" ? def.target.assets : [];
  for (const key of keys) {
    const found = location.assets.get(assetId(key))?.def.partitions;
    if (found) return found;
  }
  return null;
}
export const keysOfJob = (ctx: Context, job: JobModel, selected?: string[][]): Promise<string[]> =>
  keysOf(ctx, partitionsOfJob(job, selected));
