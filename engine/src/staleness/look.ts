/** Reads what staleness is decided by: of the asset itself, and of the upstream partitions that it was made of. */
import {
  type AssetDef,
  type AssetKey,
  defaultMapping,
  PartitionMappingError,
  type PartitionsAt,
  type PartitionsDef,
  partitionCount,
  upstreamPartitionKeys,
} from "@dagster-operator/sdk/internal";
import type { AssetEventRecord, NewestAsk } from "../ports/asset-storage.ts";
import { type Staleness, staleness, type Upstream } from "./decide.ts";

/** Most upstream partitions that are compared, as in Dagster: an edge to more does not count. */
const MOST_PARTITIONS = 100;

export interface StalenessReads {
  def(key: AssetKey): AssetDef | undefined;
  newest(ask: NewestAsk): Promise<AssetEventRecord | null>;
  at(defs: readonly (PartitionsDef | null)[]): Promise<PartitionsAt>;
  /** The asset with its custom partition mappings as tables; null = its code cannot say now. */
  mapped(asset: AssetDef): Promise<AssetDef | null>;
}
export interface Found extends Staleness {
  /** Newest record. */
  now: AssetEventRecord | null;
}

/** @param partition of a partitioned asset; without one it is FRESH, as in Dagster */
export async function lookAtStaleness(
  reads: StalenessReads,
  def: AssetDef,
  partition: string | null,
): Promise<Found> {
  const now = await newestOf(reads, def, partition);
  if (def.partitions !== null && partition === null) return { status: "FRESH", causes: [], now };
  if (now === null || def.kind !== "materializable") return { ...staleness(def, partition, now, []), now };
  const places = await upstreamPlaces(reads, def, partition);
  const upstream = await Promise.all(places.map((place) => upstreamOf(reads, place, now)));
  return { ...staleness(def, partition, now, upstream), now };
}

interface Place {
  def: AssetDef;
  partition: string | null;
}

/** Upstream keys in the order of their names, each with the partitions that this one is made of. */
async function upstreamPlaces(
  reads: StalenessReads,
  asset: AssetDef,
  partition: string | null,
): Promise<Place[]> {
  const custom = asset.deps.some(({ mapping }) => mapping?.kind === "custom");
  const { deps } = (custom ? await reads.mapped(asset) : asset) ?? asset;
  const byKey = new Map(deps.map((dep) => [dep.key.join("/"), dep]));
  const places: Place[] = [];
  for (const [, { key, mapping }] of [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const def = reads.def(key);
    if (!def) continue;
    if (def.partitions === null) {
      places.push({ def, partition: null });
      continue;
    }
    const kind = (mapping ?? defaultMapping(asset.partitions, def.partitions)).kind;
    if (kind === "custom" || (kind === "all" && def.partitions.kind === "time_window")) continue;
    const at = await reads.at([asset.partitions, def.partitions]);
    const self = key.join("/") === asset.key.join("/");
    if (self && partitionCount(def.partitions, at) >= MOST_PARTITIONS) continue;
    const keys = comparedPartitions(
      { downstream: asset.partitions, upstream: def.partitions, mapping },
      partition === null ? [] : [partition],
      at,
    );
    for (const one of keys ?? []) places.push({ def, partition: one });
  }
  return places;
}

function comparedPartitions(
  of: Pick<Parameters<typeof upstreamPartitionKeys>[0], "downstream" | "upstream" | "mapping">,
  keys: string[],
  at: PartitionsAt,
): string[] | null {
  try {
    const found = upstreamPartitionKeys({ ...of, ...at, keys });
    return found && found.length < MOST_PARTITIONS ? found : null;
  } catch (error) {
    // A mapping that does not fit is said where the step loads by it.
    if (error instanceof PartitionMappingError) return null;
    throw error;
  }
}

async function upstreamOf(
  reads: StalenessReads,
  { def, partition }: Place,
  made: AssetEventRecord,
): Promise<Upstream> {
  const up = { key: def.key, partition, def };
  const now = await newestOf(reads, def, partition);
  if (now === null || now.id < made.id) return { ...up, now, before: now };
  // What tells no version is new each time: what was there before need not be read.
  const before = now.event.dataVersion === undefined ? null : await newestOf(reads, def, partition, made.id);
  return { ...up, now, before };
}

/** An asset that is made has its version from that; one that is not also from what was seen of it. */
async function newestOf(
  reads: StalenessReads,
  { key, kind }: AssetDef,
  partition: string | null,
  before?: number,
): Promise<AssetEventRecord | null> {
  const ask = { key, ...(partition !== null && { partition }), ...(before !== undefined && { before }) };
  const made = reads.newest({ ...ask, kind: "materialization" });
  if (kind === "materializable") return made;
  const [one, other] = await Promise.all([made, reads.newest({ ...ask, kind: "observation" })]);
  return (one?.id ?? 0) > (other?.id ?? 0) ? one : other;
}
