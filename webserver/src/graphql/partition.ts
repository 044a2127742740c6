/** Partition definitions and their keys. */
import type { PartitionsDef } from "@dagster-operator/sdk/internal";
import { keysOf } from "../definitions/partitions.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { PartitionDefinitionType } from "./enums.ts";

type DefType = typeof PartitionDefinitionType.$inferType;
const TYPE: Record<PartitionsDef["kind"], DefType> = {
  time_window: "TIME_WINDOW",
  static: "STATIC",
  dynamic: "DYNAMIC",
  multi: "MULTIPARTITIONED",
};
const EVERY: Record<string, string> = {
  "0 * * * *": "Hourly",
  "0 0 * * *": "Daily",
  "0 0 * * 0": "Weekly",
  "0 0 1 * *": "Monthly",
};
/** As a clock there shows it; without the time at midnight. */
function localTime(at: string, timeZone: string): string {
  const text = new Date(at).toLocaleString("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  return text.replace(/ 00:00$/, "");
}
function describe(def: PartitionsDef): string {
  switch (def.kind) {
    case "time_window":
      return `${EVERY[def.cron] ?? `By "${def.cron}"`}, starting ${localTime(def.start, def.timezone)} ${def.timezone}`;
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
export const primaryOf = (dimensions: Dimension[]): Dimension | undefined =>
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
