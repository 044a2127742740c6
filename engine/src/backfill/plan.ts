/** How the partitions of a backfill depend on each other, by place: target and index. Made anew for each decision. */
import {
  defaultMapping,
  type PartitionMapping,
  type PartitionsAt,
  type PartitionsDef,
  upstreamPartitionKeys,
} from "@dagster-operator/sdk/internal";
import type { BackfillTarget } from "../ports/backfill-storage.ts";
import { type AssetGraph, assetId, type PlacedAsset, upstreamFirst } from "./asset-graph.ts";

/** What one target needs of another. */
export interface Edge {
  /** Place of the upstream target. */
  upstream: number;
  /** Indexes there that index `at` needs, those that are in the backfill. */
  needs: (at: number) => readonly number[];
  /** All indexes need the same ones. */
  fixed: boolean;
  /** A partition and its upstream one may be made by one run. */
  together: boolean;
}

export interface PlannedTarget extends BackfillTarget {
  /** Place among the targets. */
  place: number;
  size: number;
  indexOf: ReadonlyMap<string, number>;
  edges: Edge[];
  def: PlacedAsset["def"] | null;
  /** Targets that only run together share it: the node of a multi-asset that cannot be subset. */
  unit: string;
  /** Targets whose partitions may share a run. */
  group: string;
  /** Most partitions of one run. */
  most: number;
  /** Why nothing of it can be requested any more; null = it can. */
  gone: string | null;
}

export interface BackfillPlan {
  /** Upstream first. */
  order: PlannedTarget[];
  /** In the order of the backfill's targets. */
  targets: PlannedTarget[];
}

export function planBackfill(
  targets: readonly BackfillTarget[],
  graph: AssetGraph,
  at: PartitionsAt,
): BackfillPlan {
  const planned = targets.map((target, place) => plannedTarget(target, place, graph));
  const byId = new Map(planned.flatMap((one) => (one.asset ? [[assetId(one.asset), one] as const] : [])));
  for (const target of planned) target.edges = edgesOf(target, byId, at);
  const order = upstreamFirst([...byId.keys()], graph).flatMap((id) => byId.get(id) ?? []);
  return { targets: planned, order: byId.size > 0 ? order : planned };
}

function plannedTarget(target: BackfillTarget, place: number, graph: AssetGraph): PlannedTarget {
  const { asset, partitions, location } = target;
  const base = {
    ...target,
    place,
    size: partitions?.length ?? 1,
    indexOf: new Map((partitions ?? [""]).map((key, index) => [key, index])),
    edges: [],
  };
  const none = { def: null, unit: asset ? assetId(asset) : "", group: "", most: 1, gone: null };
  if (asset === null) return { ...base, ...none };
  const found = graph.get(assetId(asset));
  const name = asset.join("/");
  if (!found || found.def.kind === "external" || found.def.node === null)
    return { ...base, ...none, gone: `asset ${name} of this backfill is not made by any code location now` };
  const { def } = found;
  if ((def.partitions === null) !== (partitions === null))
    return {
      ...base,
      ...none,
      gone: `asset ${name} ${def.partitions ? "has partitions now and had none" : "has no partitions now and had some"} when this backfill was requested`,
    };
  const most = def.backfillPolicy === undefined ? 1 : (def.backfillPolicy.maxPartitionsPerRun ?? Infinity);
  return {
    ...base,
    def,
    unit: def.canSubset ? assetId(asset) : JSON.stringify([location, def.node]),
    group: JSON.stringify([location, def.partitions, most]),
    most,
    gone: null,
  };
}

function edgesOf(target: PlannedTarget, byId: ReadonlyMap<string, PlannedTarget>, at: PartitionsAt): Edge[] {
  const edges: Edge[] = [];
  for (const { key, mapping } of target.def?.deps ?? []) {
    const upstream = byId.get(assetId(key));
    if (upstream && upstream.unit !== target.unit) edges.push(edgeOf(target, upstream, mapping, at));
  }
  return edges;
}

const NONE: readonly number[] = [];

function edgeOf(
  target: PlannedTarget,
  upstream: PlannedTarget,
  given: PartitionMapping | undefined,
  at: PartitionsAt,
): Edge {
  const of = { upstream: upstream.place };
  const [down, up] = [target.def?.partitions ?? null, upstream.def?.partitions ?? null];
  const sameGroup = target.group === upstream.group;
  if (up === null) return { ...of, needs: () => [0], fixed: true, together: sameGroup && down === null };
  const mapping = given ?? defaultMapping(down, up);
  const indexes = (keys: readonly string[]) => keys.flatMap((key) => upstream.indexOf.get(key) ?? NONE);
  if (down === null || mapping.kind === "all" || mapping.kind === "last") {
    const all = mapping.kind === "all";
    const needed = all
      ? [...upstream.indexOf.values()]
      : indexes(upstreamPartitionKeys({ ...at, downstream: down, upstream: up, mapping, keys: [] }) ?? []);
    return { ...of, needs: () => needed, fixed: true, together: false };
  }
  if (mapping.kind === "static") {
    const needed = new Map<string, number[]>();
    for (const [key, downstream] of Object.entries(mapping.downstreamByUpstream))
      for (const one of downstream) {
        const [index] = indexes([key]);
        if (index === undefined) continue;
        const list = needed.get(one);
        if (list) list.push(index);
        else needed.set(one, [index]);
      }
    const needs = (index: number) => needed.get(target.partitions?.[index] ?? "") ?? NONE;
    return { ...of, needs, fixed: false, together: false };
  }
  if (sameKeys(mapping, down, up))
    return {
      ...of,
      needs: (index) => indexes([target.partitions?.[index] ?? ""]),
      fixed: false,
      together: sameGroup,
    };
  return {
    ...of,
    needs: (index) => {
      const keys = [target.partitions?.[index] ?? ""];
      return indexes(upstreamPartitionKeys({ ...at, downstream: down, upstream: up, mapping, keys }) ?? []);
    },
    fixed: false,
    together: false,
  };
}

/** Each key needs the upstream partition of the same key. */
function sameKeys(mapping: PartitionMapping, down: PartitionsDef, up: PartitionsDef): boolean {
  if (mapping.kind === "identity") return true;
  return (
    mapping.kind === "time_window" &&
    mapping.startOffset === 0 &&
    mapping.endOffset === 0 &&
    JSON.stringify(down) === JSON.stringify(up)
  );
}
