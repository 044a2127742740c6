import { type Selectable, SelectionError, select } from "../selection/selection.ts";
import type { AssetEntry, Graph } from "./asset-graph.ts";

export interface AssetFilters {
  readonly q?: string | undefined;
  readonly select?: string | undefined;
  readonly group?: readonly string[] | undefined;
  readonly kind?: readonly string[] | undefined;
  readonly location?: readonly string[] | undefined;
}

/** The assets that pass all filters, and why the selection expression could not be read, if so. */
export function filterAssets(
  graph: Graph,
  filters: AssetFilters,
): { shown: AssetEntry[]; error: string | null } {
  let picked: Set<string> | null = null;
  let error: string | null = null;
  if (filters.select) {
    try {
      picked = select(filters.select, graph.byId as ReadonlyMap<string, Selectable>);
    } catch (e) {
      if (!(e instanceof SelectionError)) throw e;
      error = `${e.message} (at character ${e.at + 1})`;
    }
  }
  const q = filters.q?.toLowerCase();
  const shown = graph.nodes.filter(
    (node) =>
      (!picked || picked.has(node.id)) &&
      (!q || node.id.toLowerCase().includes(q)) &&
      (!filters.group?.length || filters.group.includes(node.group)) &&
      (!filters.kind?.length || node.kinds.some((kind) => filters.kind?.includes(kind))) &&
      (!filters.location?.length || filters.location.includes(node.location)),
  );
  return { shown, error };
}
