/** The assets of all code locations as one graph: a backfill may cross locations. */
import type { AssetDef } from "@dagster-operator/sdk/internal";
import type { LocationEntry } from "../ports/workspace.ts";

export interface PlacedAsset {
  location: string;
  def: AssetDef;
}
/** By `assetId`. */
export type AssetGraph = ReadonlyMap<string, PlacedAsset>;

export const assetId = (key: readonly string[]): string => JSON.stringify(key);

/** Where each asset is made; a location that only mentions it counts where nobody makes it. */
export function assetGraph(entries: readonly Pick<LocationEntry, "name" | "snapshot">[]): AssetGraph {
  const graph = new Map<string, PlacedAsset>();
  for (const { name, snapshot } of entries)
    for (const def of snapshot?.assets ?? []) {
      const id = assetId(def.key);
      if (!graph.has(id) || (def.kind !== "external" && graph.get(id)?.def.kind === "external"))
        graph.set(id, { location: name, def });
    }
  return graph;
}

/** The same ids, upstream before downstream, otherwise in the given order. */
export function upstreamFirst(ids: readonly string[], graph: AssetGraph): string[] {
  const wanted = new Set(ids);
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const { key } of graph.get(id)?.def.deps ?? []) visit(assetId(key));
    if (wanted.has(id)) order.push(id);
  };
  for (const id of ids) visit(id);
  return order;
}
