/** What was made of an asset's partitions: counts, and ranges or lists by status. */
import type { PartitionStatus } from "@dagster-operator/engine";
import { joinKey, type PartitionsDef } from "@dagster-operator/sdk/internal";
import type { AssetNodeModel } from "../definitions/location-index.ts";
import { keysOf, windowOf } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { PartitionRangeStatus } from "./enums.ts";
import { primaryOf } from "./partition.ts";

interface StatsModel {
  numMaterialized: number;
  numPartitions: number;
  numFailed: number;
  numMaterializing: number;
}
export const PartitionStats = builder.objectRef<StatsModel>("PartitionStats").implement({
  fields: (t) => ({
    numMaterialized: t.exposeInt("numMaterialized"),
    numPartitions: t.exposeInt("numPartitions"),
    numFailed: t.exposeInt("numFailed"),
    numMaterializing: t.exposeInt("numMaterializing"),
  }),
});
export async function partitionStats(ctx: Context, { def }: AssetNodeModel): Promise<StatsModel | null> {
  if (!def.partitions) return null;
  const [keys, states] = await Promise.all([
    keysOf(ctx, def.partitions),
    ctx.storage.assets.partitions(def.key),
  ]);
  const stats = { numMaterialized: 0, numPartitions: keys.length, numFailed: 0, numMaterializing: 0 };
  for (const key of keys) {
    const state = states.get(key);
    if (state === "MATERIALIZED") stats.numMaterialized++;
    else if (state === "FAILED") stats.numFailed++;
    else if (state === "IN_PROGRESS") stats.numMaterializing++;
  }
  return stats;
}

interface DefaultStatuses {
  __typename: "DefaultPartitionStatuses";
  materialized: string[];
  failed: string[];
  unmaterialized: string[];
  materializing: string[];
}
const DefaultPartitionStatuses = builder.objectRef<DefaultStatuses>("DefaultPartitionStatuses").implement({
  fields: (t) => ({
    materializedPartitions: t.exposeStringList("materialized"),
    failedPartitions: t.exposeStringList("failed"),
    unmaterializedPartitions: t.exposeStringList("unmaterialized"),
    materializingPartitions: t.exposeStringList("materializing"),
  }),
});
interface TimeRange {
  startKey: string;
  endKey: string;
  startTime: number;
  endTime: number;
  status: "MATERIALIZING" | "MATERIALIZED" | "FAILED";
}
const TimePartitionRangeStatus = builder.objectRef<TimeRange>("TimePartitionRangeStatus").implement({
  fields: (t) => ({
    startTime: t.exposeFloat("startTime"),
    endTime: t.exposeFloat("endTime"),
    startKey: t.exposeString("startKey"),
    endKey: t.exposeString("endKey"),
    status: t.expose("status", { type: PartitionRangeStatus }),
  }),
});
interface TimeStatuses {
  __typename: "TimePartitionStatuses";
  ranges: TimeRange[];
}
const TimePartitionStatuses = builder
  .objectRef<TimeStatuses>("TimePartitionStatuses")
  .implement({ fields: (t) => ({ ranges: t.expose("ranges", { type: [TimePartitionRangeStatus] }) }) });
type OneDimension = DefaultStatuses | TimeStatuses;
const PartitionStatus1D = builder.unionType("PartitionStatus1D", {
  types: [TimePartitionStatuses, DefaultPartitionStatuses],
  resolveType: byTypename,
});
interface Range2D {
  startKey: string;
  endKey: string;
  startTime: number | null;
  endTime: number | null;
  secondary: OneDimension;
}
const MaterializedPartitionRangeStatuses2D = builder
  .objectRef<Range2D>("MaterializedPartitionRangeStatuses2D")
  .implement({
    fields: (t) => ({
      primaryDimStartKey: t.exposeString("startKey"),
      primaryDimEndKey: t.exposeString("endKey"),
      primaryDimStartTime: t.exposeFloat("startTime", { nullable: true }),
      primaryDimEndTime: t.exposeFloat("endTime", { nullable: true }),
      secondaryDim: t.expose("secondary", { type: PartitionStatus1D }),
    }),
  });
interface MultiStatuses {
  __typename: "MultiPartitionStatuses";
  ranges: Range2D[];
  primaryDimensionName: string;
}
const MultiPartitionStatuses = builder.objectRef<MultiStatuses>("MultiPartitionStatuses").implement({
  fields: (t) => ({
    ranges: t.expose("ranges", { type: [MaterializedPartitionRangeStatuses2D] }),
    primaryDimensionName: t.exposeString("primaryDimensionName"),
  }),
});
export const AssetPartitionStatuses = builder.unionType("AssetPartitionStatuses", {
  types: [DefaultPartitionStatuses, MultiPartitionStatuses, TimePartitionStatuses],
  resolveType: byTypename,
});

type StateOf = (key: string) => PartitionStatus | undefined;
const RANGE_STATUS = {
  MATERIALIZED: "MATERIALIZED",
  FAILED: "FAILED",
  IN_PROGRESS: "MATERIALIZING",
} as const;
function oneDimension(def: PartitionsDef, keys: string[], stateOf: StateOf): OneDimension {
  if (def.kind === "time_window") {
    const runs: { first: string; last: string; state: PartitionStatus }[] = [];
    let previous: PartitionStatus | undefined;
    for (const key of keys) {
      const state = stateOf(key);
      const open = state === previous ? runs.at(-1) : undefined;
      previous = state;
      if (!state) continue;
      if (open) open.last = key;
      else runs.push({ first: key, last: key, state });
    }
    const ranges = runs.map(({ first, last, state }) => ({
      startKey: first,
      endKey: last,
      startTime: windowOf(def, first).start,
      endTime: windowOf(def, last).end,
      status: RANGE_STATUS[state],
    }));
    return { __typename: "TimePartitionStatuses", ranges };
  }
  const of = (state: PartitionStatus | undefined) => keys.filter((key) => stateOf(key) === state);
  return {
    __typename: "DefaultPartitionStatuses",
    materialized: of("MATERIALIZED"),
    failed: of("FAILED"),
    unmaterialized: of(undefined),
    materializing: of("IN_PROGRESS"),
  };
}

const isEmpty = (status: OneDimension): boolean =>
  status.__typename === "TimePartitionStatuses"
    ? status.ranges.length === 0
    : status.materialized.length + status.failed.length + status.materializing.length === 0;

export async function partitionStatuses(
  ctx: Context,
  { def }: AssetNodeModel,
): Promise<OneDimension | MultiStatuses> {
  if (!def.partitions)
    return {
      __typename: "DefaultPartitionStatuses",
      materialized: [],
      failed: [],
      unmaterialized: [],
      materializing: [],
    };
  const states = await ctx.storage.assets.partitions(def.key);
  if (def.partitions.kind !== "multi")
    return oneDimension(def.partitions, await keysOf(ctx, def.partitions), (key) => states.get(key));

  const primary = primaryOf(def.partitions.dimensions);
  const secondary = def.partitions.dimensions.find((dimension) => dimension !== primary);
  if (!primary || !secondary)
    return { __typename: "MultiPartitionStatuses", ranges: [], primaryDimensionName: primary?.name ?? "" };
  const [keys, inner] = await Promise.all([
    keysOf(ctx, primary.partitions),
    keysOf(ctx, secondary.partitions),
  ]);
  const ranges: Range2D[] = [];
  let last = "";
  for (const key of keys) {
    const status = oneDimension(secondary.partitions, inner, (other) =>
      states.get(joinKey(primary.name < secondary.name ? [key, other] : [other, key])),
    );
    const same = isEmpty(status) ? "" : JSON.stringify(status);
    const window = primary.partitions.kind === "time_window" ? windowOf(primary.partitions, key) : null;
    const open = same === last ? ranges.at(-1) : undefined;
    last = same;
    if (same === "") continue;
    if (open) Object.assign(open, { endKey: key, endTime: window?.end ?? null });
    else
      ranges.push({
        startKey: key,
        endKey: key,
        startTime: window?.start ?? null,
        endTime: window?.end ?? null,
        secondary: status,
      });
  }
  return { __typename: "MultiPartitionStatuses", ranges, primaryDimensionName: primary.name };
}
