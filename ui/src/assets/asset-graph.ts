import { useMemo } from "react";
import { AssetGraph, type AssetGraphResult } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import type { Selectable } from "../selection/selection.ts";
import { type AssetPath, keyText } from "./key.ts";

export interface AssetEntry extends Selectable {
  readonly path: AssetPath;
  readonly repository: string;
  readonly partitioned: boolean;
  /** False for a source asset, which nothing here makes. */
  readonly materializable: boolean;
  readonly checked: boolean;
  readonly jobs: readonly string[];
}

export interface Graph {
  readonly nodes: readonly AssetEntry[];
  readonly byId: ReadonlyMap<string, AssetEntry>;
  readonly groups: readonly string[];
  readonly kinds: readonly string[];
  readonly locations: readonly string[];
}

/** All assets with their edges in both directions. An asset defined in two locations appears once: where it can be made. */
function buildGraph(data: AssetGraphResult): Graph {
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return EMPTY;
  const byId = new Map<string, AssetEntry & { downstream: string[] }>();
  for (const repository of data.repositoriesOrError.nodes) {
    for (const node of repository.assetNodes) {
      const id = keyText(node.assetKey.path);
      const known = byId.get(id);
      if (known?.materializable && !node.isMaterializable) continue;
      byId.set(id, {
        id,
        path: node.assetKey.path,
        group: node.groupName,
        kinds: node.kinds,
        owners: node.owners.map((owner) =>
          owner.__typename === "UserAssetOwner" ? owner.email : owner.team,
        ),
        tags: node.tags,
        location: repository.location.name,
        repository: repository.name,
        partitioned: node.isPartitioned,
        materializable: node.isMaterializable,
        checked: node.hasAssetChecks,
        jobs: node.jobNames,
        upstream: node.dependencyKeys.map((key) => keyText(key.path)),
        downstream: [],
      });
    }
  }
  for (const node of byId.values()) for (const up of node.upstream) byId.get(up)?.downstream.push(node.id);
  const nodes = [...byId.values()].sort((a, b) => a.id.localeCompare(b.id));
  const distinct = (values: string[]) => [...new Set(values)].sort((a, b) => a.localeCompare(b));
  return {
    nodes,
    byId,
    groups: distinct(nodes.map((n) => n.group)),
    kinds: distinct(nodes.flatMap((n) => n.kinds)),
    locations: distinct(nodes.map((n) => n.location)),
  };
}
const EMPTY: Graph = { nodes: [], byId: new Map(), groups: [], kinds: [], locations: [] };

const built = new WeakMap<AssetGraphResult, Graph>();

export function useAssetGraph() {
  const query = useGraphQL(AssetGraph, {}, { every: 60_000 });
  const graph = useMemo(() => {
    if (!query.data) return null;
    const known = built.get(query.data);
    if (known) return known;
    const fresh = buildGraph(query.data);
    built.set(query.data, fresh);
    return fresh;
  }, [query.data]);
  const refused =
    query.data && query.data.repositoriesOrError.__typename !== "RepositoryConnection"
      ? query.data.repositoriesOrError.message
      : null;
  return { graph, query, refused };
}
