/** What a backfill is of: from what a person asked for to partitions by asset. Pure. */
import {
  comparePartitionKeys,
  downstreamPartitionKeys,
  hasPartitionKey,
  PartitionKeyError,
  type PartitionsAt,
  type PartitionsDef,
  partitionKeys,
  partitionKeysInRange,
} from "@dagster-operator/sdk/internal";
import { InvalidInput, type Issue, NotFound } from "../errors.ts";
import type { BackfillTarget } from "../ports/backfill-storage.ts";
import { didYouMean } from "../submit/nearest.ts";
import { unknownKey } from "../submit/partition.ts";
import { type AssetGraph, assetId, type PlacedAsset, upstreamFirst } from "./asset-graph.ts";

export interface KeyRange {
  start: string;
  end: string;
}

/** Which partitions; exactly one of the fields. */
export type PartitionChoice =
  | { keys: string[] }
  | { range: KeyRange }
  | { all: true }
  /** Of each asset its own; `ranges` null = all of it, or the asset is not partitioned. */
  | { byAsset: { asset: string[]; ranges: KeyRange[] | null }[] };

/** Keys of one definition, in its order. @throws InvalidInput for keys that are not there */
export function chosenKeys(
  what: string,
  def: PartitionsDef,
  choice: Exclude<PartitionChoice, { byAsset: unknown }>,
  at: PartitionsAt,
): string[] {
  if ("all" in choice) return partitionKeys(def, at);
  if ("range" in choice) return inRanges(what, def, [choice.range], at);
  const keys = [...new Set(choice.keys)];
  const missing = keys.filter((key) => !hasPartitionKey(def, key, at));
  refuse(
    missing.map((key) => ({
      path: `partitionKeys.${key}`,
      message: unknownKey(what, key, partitionKeys(def, at)),
    })),
  );
  return keys.sort(comparePartitionKeys(def, at));
}

function inRanges(what: string, def: PartitionsDef, ranges: readonly KeyRange[], at: PartitionsAt): string[] {
  const ends = ranges.flatMap(({ start, end }) => [start, end]);
  const missing = ends.filter((key) => !hasPartitionKey(def, key, at));
  refuse(
    missing.map((key) => ({
      path: "partitionRange",
      message: unknownKey(what, key, partitionKeys(def, at)),
    })),
  );
  try {
    const keys = new Set(ranges.flatMap(({ start, end }) => partitionKeysInRange(def, start, end, at)));
    return [...keys].sort(comparePartitionKeys(def, at));
  } catch (error) {
    if (!(error instanceof PartitionKeyError)) throw error;
    refuse([{ path: "partitionRange", message: `${what}: ${error.message}` }]);
    return [];
  }
}

function refuse(issues: Issue[]): void {
  if (issues.length === 0) return;
  const some = issues.slice(0, 5).map(({ message }) => message);
  const more = issues.length > some.length ? [`and ${issues.length - some.length} more`] : [];
  throw new InvalidInput(`this backfill cannot be requested: ${[...some, ...more].join("; ")}`, issues);
}

/**
 * As Dagster: keys are those of the partitioned assets that have no partitioned asset upstream in the selection, and what is
 * downstream of them has the partitions that depend on these. Assets without partitions are made once.
 * @throws NotFound an asset · InvalidInput it cannot be made, or the partitions are not there
 */
export function assetTargets(
  graph: AssetGraph,
  keys: readonly string[][],
  choice: PartitionChoice,
  at: PartitionsAt,
): BackfillTarget[] {
  const assets = new Map(keys.map((key) => [assetId(key), placed(graph, key)]));
  if (assets.size === 0) throw new InvalidInput("this backfill cannot be requested: no assets are selected");
  const order = upstreamFirst([...assets.keys()], graph);
  if ("byAsset" in choice) {
    const given = new Map(choice.byAsset.map(({ asset, ranges }) => [assetId(asset), ranges]));
    return order.map((id) => {
      const asset = assets.get(id) as PlacedAsset;
      const { partitions: def } = asset.def;
      const ranges = given.get(id);
      if (def === null) return target(asset, null);
      const what = `asset ${asset.def.key.join("/")}`;
      return target(asset, ranges ? inRanges(what, def, ranges, at) : partitionKeys(def, at));
    });
  }
  const roots = order.filter((id) => isRoot(id, assets, graph));
  const defs = new Map(
    roots.map((id) => {
      const { def } = assets.get(id) as PlacedAsset;
      return [JSON.stringify(def.partitions), def] as const;
    }),
  );
  const [root] = defs.values();
  if (!root)
    throw new InvalidInput(
      "this backfill cannot be requested: no selected asset is partitioned, so launch a run of them instead",
    );
  if (defs.size > 1 && !("all" in choice))
    throw new InvalidInput(
      `this backfill cannot be requested: ${[...defs.values()].map(({ key }) => key.join("/")).join(" and ")} have different partitions and none of them is upstream of the other: name partitions for each, or request all`,
    );
  const chosen = new Map<string, string[]>();
  for (const id of order) {
    const asset = assets.get(id) as PlacedAsset;
    const { partitions: def } = asset.def;
    if (def === null) continue;
    if (roots.includes(id) || "all" in choice)
      chosen.set(id, chosenKeys(`asset ${asset.def.key.join("/")}`, def, choice, at));
    else chosen.set(id, dependent(asset, chosen, assets, at));
  }
  return order.map((id) => target(assets.get(id) as PlacedAsset, chosen.get(id) ?? null));
}

const target = ({ location, def }: PlacedAsset, partitions: string[] | null): BackfillTarget => ({
  location,
  asset: def.key,
  partitions,
});

function placed(graph: AssetGraph, key: string[]): PlacedAsset {
  const name = key.join("/");
  const found = graph.get(assetId(key));
  if (!found) {
    const names = [...graph.values()].map(({ def }) => def.key.join("/"));
    throw new NotFound("asset", name, didYouMean(name, names) || "no code location defines it");
  }
  if (found.def.kind !== "materializable")
    throw new InvalidInput(`asset ${name} is ${found.def.kind}: it is not made here, so leave it out`);
  return found;
}

/** Partitioned, and none of its selected upstream assets is, nor any that is upstream of those within the selection. */
function isRoot(id: string, assets: ReadonlyMap<string, PlacedAsset>, graph: AssetGraph): boolean {
  const partitioned = (other: string) => assets.get(other)?.def.partitions != null;
  if (!partitioned(id)) return false;
  return !(graph.get(id)?.def.deps ?? []).some(({ key }) => assetId(key) !== id && partitioned(assetId(key)));
}

function dependent(
  { def }: PlacedAsset,
  chosen: ReadonlyMap<string, string[]>,
  assets: ReadonlyMap<string, PlacedAsset>,
  at: PartitionsAt,
): string[] {
  const { partitions } = def;
  if (partitions === null) return [];
  const found = new Set<string>();
  for (const { key, mapping } of def.deps) {
    const keys = chosen.get(assetId(key));
    const upstream = assets.get(assetId(key))?.def.partitions ?? null;
    if (keys === undefined || upstream === null) continue;
    for (const each of downstreamPartitionKeys({ ...at, downstream: partitions, upstream, mapping, keys }) ??
      [])
      found.add(each);
  }
  return [...found].sort(comparePartitionKeys(partitions, at));
}
