/** All locations together: which asset is defined where, and what is downstream of it across locations. */
import type { LocationEntry, Workspace } from "@dagster-operator/engine";
import { type AssetNodeModel, assetId, indexLocation, type LocationIndex } from "./location-index.ts";

export interface WorkspaceIndex {
  locations: Map<string, LocationIndex>;
  /** The node that defines each asset; one that can be run wins over an external mention. */
  assets: Map<string, AssetNodeModel>;
  /** Asset path → keys of the assets that depend on it, each once. */
  dependedBy: Map<string, string[][]>;
}

function build(locations: Map<string, LocationIndex>): WorkspaceIndex {
  const assets = new Map<string, AssetNodeModel>();
  const downstream = new Map<string, Map<string, string[]>>();
  for (const location of locations.values())
    for (const node of location.assets.values()) {
      const known = assets.get(node.id);
      if (!known || (known.def.kind === "external" && node.def.kind !== "external"))
        assets.set(node.id, node);
      for (const dep of node.def.deps) {
        const id = assetId(dep.key);
        let keys = downstream.get(id);
        if (!keys) {
          keys = new Map();
          downstream.set(id, keys);
        }
        keys.set(node.id, node.def.key);
      }
    }
  const dependedBy = new Map([...downstream].map(([id, keys]) => [id, [...keys.values()]]));
  return { locations, assets, dependedBy };
}

/**
 * Keeps the index of the current definitions. A location is indexed again only when its hash changes, the whole only when
 * one of them did: a page that polls costs nothing here.
 */
export function workspaceIndexer(workspace: Workspace): () => WorkspaceIndex {
  let version = "";
  let current: WorkspaceIndex = build(new Map());
  return () => {
    const entries = workspace
      .list()
      .filter((entry): entry is LocationEntry & { snapshot: object } => entry.snapshot !== null);
    const now = entries.map((entry) => `${entry.name}@${entry.snapshot?.hash}`).join("\n");
    if (now === version) return current;
    const locations = new Map<string, LocationIndex>();
    for (const { name, snapshot } of entries) {
      const known = current.locations.get(name);
      locations.set(
        name,
        known && known.snapshot.hash === snapshot.hash ? known : indexLocation(name, snapshot),
      );
    }
    current = build(locations);
    version = now;
    return current;
  };
}
