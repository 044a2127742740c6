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

/** The ops of a job as entries of the lineage picture: a graph within a graph is a group. */
export function opEntries(handles: readonly Handle[]): AssetEntry[] {
  const containers = new Set(handles.map((h) => h.parent?.handleID).filter((id) => id !== undefined));
  const idOf = (parent: string | undefined, name: string) =>
    parent === undefined ? name : `${parent}.${name}`;
  const leaves = handles.filter((handle) => !containers.has(handle.handleID));
  const known = new Set(leaves.map((handle) => handle.handleID));
  /** An edge to a graph is drawn to the ops in it that nothing else in it uses. */
  const leavesOf = (id: string): string[] =>
    known.has(id) ? [id] : leaves.filter((l) => l.handleID.startsWith(`${id}.`)).map((l) => l.handleID);
  const downstream = new Map<string, string[]>();
  const entries = leaves.map((handle) => {
    const parent = handle.parent?.handleID;
    const upstream = [
      ...new Set(
        handle.solid.inputs.flatMap((input) =>
          input.dependsOn.flatMap((output) => leavesOf(idOf(parent, output.solid.name))),
        ),
      ),
    ];
    for (const up of upstream) (downstream.get(up) ?? downstream.set(up, []).get(up))?.push(handle.handleID);
    return { handle, upstream, parent };
  });
  return entries.map(({ handle, upstream, parent }) => ({
    id: handle.handleID,
    path: [handle.solid.name],
    group: parent ?? "ops",
    kinds: [],
    owners: [],
    tags: [],
    location: "",
    repository: "",
    upstream,
    downstream: downstream.get(handle.handleID) ?? [],
    partitioned: false,
    materializable: true,
    checked: false,
    jobs: [],
  }));
}
