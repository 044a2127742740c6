import type { AssetEntry } from "../assets/asset-graph.ts";

interface Handle {
  readonly handleID: string;
  readonly parent: { readonly handleID: string } | null;
  readonly solid: {
    readonly name: string;
    readonly definition: {
      readonly assetNodes: ReadonlyArray<{ readonly assetKey: { readonly path: readonly string[] } }>;
    };
    readonly inputs: ReadonlyArray<{
      readonly dependsOn: ReadonlyArray<{ readonly solid: { readonly name: string } }>;
    }>;
  };
}

const depth = ({ handleID }: Handle) => handleID.split(".").length;

/** The ops of a job as entries of the lineage picture: a graph within a graph is a group. */
export function opEntries(handles: readonly Handle[]): AssetEntry[] {
  const containers = new Set(handles.map((h) => h.parent?.handleID).filter((id) => id !== undefined));
  const leaves = handles.filter((handle) => !containers.has(handle.handleID));
  const upstream = new Map<string, Set<string>>(leaves.map(({ handleID }) => [handleID, new Set()]));
  const downstream = new Map<string, Set<string>>(leaves.map(({ handleID }) => [handleID, new Set()]));
  /** An op itself; of a graph, the ops at its rim: those that nothing else in it uses, or that use nothing else in it. */
  const rim = (id: string, beyond: ReadonlyMap<string, ReadonlySet<string>>): string[] => {
    if (upstream.has(id)) return [id];
    const inside = leaves.map(({ handleID }) => handleID).filter((leaf) => leaf.startsWith(`${id}.`));
    const within = new Set(inside);
    return inside.filter((leaf) => ![...(beyond.get(leaf) ?? [])].some((other) => within.has(other)));
  };
  // From the inside out: the rim of a graph is known once its own edges are.
  for (const handle of [...handles].sort((a, b) => depth(b) - depth(a))) {
    const parent = handle.parent?.handleID;
    const needed = handle.solid.inputs.flatMap((input) => input.dependsOn.map(({ solid }) => solid.name));
    // Before the edges of this handle are drawn, which would make its own rim smaller.
    const into = needed.length > 0 ? rim(handle.handleID, upstream) : [];
    for (const name of needed)
      for (const from of rim(parent === undefined ? name : `${parent}.${name}`, downstream))
        for (const to of into) {
          upstream.get(to)?.add(from);
          downstream.get(from)?.add(to);
        }
  }
  return leaves.map(({ handleID, parent, solid }) => ({
    id: handleID,
    path: [solid.name],
    // What lies in no graph stands in no box.
    group: parent?.handleID ?? "",
    kinds: [],
    owners: [],
    tags: [],
    location: "",
    repository: "",
    upstream: [...(upstream.get(handleID) ?? [])],
    downstream: [...(downstream.get(handleID) ?? [])],
    partitioned: false,
    materializable: true,
    checked: false,
    jobs: [],
  }));
}
