/** Partition definitions and the state of an asset's partitions. */
import type { PartitionStatus } from "@dagster-operator/engine";
import type { PartitionsDef } from "@dagster-operator/sdk/internal";
import type { AssetNodeModel } from "../definitions/location-index.ts";
import { keysOf, windowOf } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { PartitionDefinitionType, PartitionRangeStatus } from "./enums.ts";

type DefType = typeof PartitionDefinitionType.$inferType;
const TYPE: Record<PartitionsDef["kind"], DefType> = {
  time_window: "TIME_WINDOW",
  static: "STATIC",
  dynamic: "DYNAMIC",
  multi: "MULTIPARTITIONED",
};
function describe(def: PartitionsDef): string {
  switch (def.kind) {
    case "time_window":
      return `Time windows by "${def.cron}" (${def.timezone}) from ${def.start}`;
    case "static":
      return `${def.keys.length} static partitions`;
    case "dynamic":
      return `Dynamic partitions "${def.name}"`;
    case "multi":
      return def.dimensions
        .map((dimension) => `${dimension.name}: ${describe(dimension.partitions)}`)
        .join("; ");
  }
}
type Dimension = Extract<PartitionsDef, { kind: "multi" }>["dimensions"][number];
/** The dimension on the main axis: the one of time, if there is one. */
const primaryOf = (dimensions: Dimension[]): Dimension | undefined =>
  dimensions.find(({ partitions }) => partitions.kind === "time_window") ?? dimensions[0];
const dimensionsOf = (def: PartitionsDef): Dimension[] =>
  def.kind === "multi" ? def.dimensions : [{ name: "default", partitions: def }];

const DimensionDefinitionType = builder
  .objectRef<Dimension & { primary: boolean }>("DimensionDefinitionType")
  .implement({
    fields: (t) => ({
      name: t.exposeString("name"),
      description: t.string({ resolve: ({ partitions }) => describe(partitions) }),
      type: t.field({ type: PartitionDefinitionType, resolve: ({ partitions }) => TYPE[partitions.kind] }),
      isPrimaryDimension: t.exposeBoolean("primary"),
      dynamicPartitionsDefinitionName: t.string({
        nullable: true,
        resolve: ({ partitions }) => (partitions.kind === "dynamic" ? partitions.name : null),
      }),
    }),
  });
export const PartitionDefinition = builder.objectRef<PartitionsDef>("PartitionDefinition").implement({
  fields: (t) => ({
    description: t.string({ resolve: describe }),
    type: t.field({ type: PartitionDefinitionType, resolve: (def) => TYPE[def.kind] }),
    dimensionTypes: t.field({
      type: [DimensionDefinitionType],
      resolve: (def) => {
        const dimensions = dimensionsOf(def);
        const primary = primaryOf(dimensions);
        return dimensions.map((dimension) => ({ ...dimension, primary: dimension === primary }));
      },
    }),
    name: t.string({ nullable: true, resolve: (def) => (def.kind === "dynamic" ? def.name : null) }),
    fmt: t.string({ nullable: true, resolve: (def) => (def.kind === "time_window" ? def.format : null) }),
  }),
});

interface DimensionKeys {
  name: string;
  partitionKeys: string[];
  type: DefType;
}
export const DimensionPartitionKeys = builder.objectRef<DimensionKeys>("DimensionPartitionKeys").implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    partitionKeys: t.exposeStringList("partitionKeys"),
    type: t.expose("type", { type: PartitionDefinitionType }),
  }),
});
export const dimensionKeys = (ctx: Context, def: PartitionsDef | null): Promise<DimensionKeys[]> =>
  Promise.all(
    (def ? dimensionsOf(def) : []).map(async ({ name, partitions }) => ({
      name,
      partitionKeys: await keysOf(ctx, partitions),
      type: TYPE[partitions.kind],
    })),
  );

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
    const ranges: TimeRange[] = [];
    let last: PartitionStatus | undefined;
    for (const key of keys) {
      const state = stateOf(key);
      const open = state === last ? ranges.at(-1) : undefined;
      last = state;
      if (!state) continue;
      const { start, end } = windowOf(def, key);
      if (open) Object.assign(open, { endKey: key, endTime: end });
      else
        ranges.push({
          startKey: key,
          endKey: key,
          startTime: start,
          endTime: end,
          status: RANGE_STATUS[state],
        });
    }
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

/** A key of several dimensions is their keys in the order of the dimensions' names, joined by `|`. */
export const multiKey = (byDimension: Record<string, string>): string =>
  Object.keys(byDimension)
    .sort()
    .map((name) => byDimension[name])
    .join("|");

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
      states.get(multiKey({ [primary.name]: key, [secondary.name]: other })),
    );
    const same = JSON.stringify(status);
    const window = primary.partitions.kind === "time_window" ? windowOf(primary.partitions, key) : null;
    const open = ranges.at(-1);
    if (open && same === last) Object.assign(open, { endKey: key, endTime: window?.end ?? null });
    else
      ranges.push({
        startKey: key,
        endKey: key,
        startTime: window?.start ?? null,
        endTime: window?.end ?? null,
        secondary: status,
      });
    last = same;
  }
  return { __typename: "MultiPartitionStatuses", ranges, primaryDimensionName: primary.name };
}
