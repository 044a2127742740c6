import { assetId } from "../definitions/location-index.ts";
import { keysOf } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import {
  AssetNotFoundError,
  DuplicateDynamicPartitionError,
  PythonError,
  pythonError,
  UnauthorizedError,
  UnsupportedOperationError,
} from "./errors.ts";
import { PartitionsByAssetSelector, ReportRunlessAssetEventsParams, RepositorySelector } from "./inputs.ts";
import { AssetKey } from "./refs.ts";

const PartitionRange = builder
  .objectRef<{ start: string; end: string }>("PartitionRange")
  .implement({ fields: (t) => ({ start: t.exposeString("start"), end: t.exposeString("end") }) });
interface Wiped {
  key: string[];
  range: { start: string; end: string } | null;
}
const AssetPartitionRange = builder.objectRef<Wiped>("AssetPartitionRange").implement({
  fields: (t) => ({
    assetKey: t.expose("key", { type: AssetKey }),
    partitionRange: t.expose("range", { type: PartitionRange, nullable: true }),
  }),
});
const AssetWipeSuccess = builder
  .objectRef<{ __typename: "AssetWipeSuccess"; ranges: Wiped[] }>("AssetWipeSuccess")
  .implement({
    fields: (t) => ({ assetPartitionRanges: t.expose("ranges", { type: [AssetPartitionRange] }) }),
  });
const AssetWipeMutationResult = builder.unionType("AssetWipeMutationResult", {
  types: [AssetNotFoundError, UnauthorizedError, PythonError, UnsupportedOperationError, AssetWipeSuccess],
  resolveType: byTypename,
});
const ReportRunlessAssetEventsSuccess = builder
  .objectRef<{ __typename: "ReportRunlessAssetEventsSuccess"; key: string[] }>(
    "ReportRunlessAssetEventsSuccess",
  )
  .implement({ fields: (t) => ({ assetKey: t.expose("key", { type: AssetKey }) }) });
const ReportRunlessAssetEventsResult = builder.unionType("ReportRunlessAssetEventsResult", {
  types: [UnauthorizedError, PythonError, ReportRunlessAssetEventsSuccess],
  resolveType: byTypename,
});
const LogTelemetrySuccess = builder
  .objectRef<{ __typename: "LogTelemetrySuccess"; action: string }>("LogTelemetrySuccess")
  .implement({ fields: (t) => ({ action: t.exposeString("action") }) });
const LogTelemetryMutationResult = builder.unionType("LogTelemetryMutationResult", {
  types: [LogTelemetrySuccess, PythonError],
  resolveType: byTypename,
});
const AddDynamicPartitionSuccess = builder
  .objectRef<{ __typename: "AddDynamicPartitionSuccess"; partitionsDefName: string; partitionKey: string }>(
    "AddDynamicPartitionSuccess",
  )
  .implement({
    fields: (t) => ({
      partitionsDefName: t.exposeString("partitionsDefName"),
      partitionKey: t.exposeString("partitionKey"),
    }),
  });
const AddDynamicPartitionResult = builder.unionType("AddDynamicPartitionResult", {
  types: [AddDynamicPartitionSuccess, UnauthorizedError, PythonError, DuplicateDynamicPartitionError],
  resolveType: byTypename,
});
const DeleteDynamicPartitionsSuccess = builder
  .objectRef<{ __typename: "DeleteDynamicPartitionsSuccess"; partitionsDefName: string }>(
    "DeleteDynamicPartitionsSuccess",
  )
  .implement({ fields: (t) => ({ partitionsDefName: t.exposeString("partitionsDefName") }) });
const DeleteDynamicPartitionsResult = builder.unionType("DeleteDynamicPartitionsResult", {
  types: [DeleteDynamicPartitionsSuccess, UnauthorizedError, PythonError, UnsupportedOperationError],
  resolveType: byTypename,
});

type Ranges = readonly (typeof PartitionsByAssetSelector.$inferInput)[];
async function wipe(ctx: Context, selectors: Ranges) {
  const ranges: Wiped[] = [];
  const todo: { key: string[]; partitions: string[] | undefined }[] = [];
  for (const { assetKey, partitions } of selectors) {
    const key = assetKey.path;
    const wanted = [...(partitions?.range ? [partitions.range] : []), ...(partitions?.ranges ?? [])];
    if (wanted.length === 0) {
      todo.push({ key, partitions: undefined });
      ranges.push({ key, range: null });
      continue;
    }
    const def = ctx.index.assets.get(assetId(key))?.def.partitions;
    if (!def)
      return {
        __typename: "UnsupportedOperationError" as const,
        message: `Asset ${assetId(key)} has no partitions: wipe it as a whole.`,
      };
    const keys = await keysOf(ctx, def);
    for (const range of wanted) {
      const [from, to] = [keys.indexOf(range.start), keys.indexOf(range.end)];
      if (from < 0 || to < from)
        return {
          __typename: "UnsupportedOperationError" as const,
          message: `Asset ${assetId(key)} has no partition range from ${range.start} to ${range.end}.`,
        };
      todo.push({ key, partitions: keys.slice(from, to + 1) });
      ranges.push({ key, range });
    }
  }
  for (const { key, partitions } of todo) await ctx.storage.assets.wipe(key, partitions);
  return { __typename: "AssetWipeSuccess" as const, ranges };
}

builder.mutationFields((t) => ({
  wipeAssets: t.field({
    type: AssetWipeMutationResult,
    args: { assetPartitionRanges: t.arg({ type: [PartitionsByAssetSelector], required: true }) },
    resolve: (_root, { assetPartitionRanges }, ctx) => wipe(ctx, assetPartitionRanges),
  }),
  reportRunlessAssetEvents: t.field({
    type: ReportRunlessAssetEventsResult,
    args: { eventParams: t.arg({ type: ReportRunlessAssetEventsParams, required: true }) },
    resolve: async (_root, { eventParams: { eventType, assetKey, partitionKeys, description } }, ctx) => {
      const partitions = partitionKeys?.filter((key) => key !== null && key !== undefined) ?? [];
      for (const partition of partitions.length > 0 ? partitions : [undefined])
        await ctx.storage.assets.reportExternal({
          type: eventType,
          ts: ctx.clock.now(),
          level: "INFO",
          message: description ?? `Reported from outside a run`,
          asset: assetKey.path,
          metadata: {},
          partition,
          description: description ?? undefined,
        });
      return { __typename: "ReportRunlessAssetEventsSuccess" as const, key: assetKey.path };
    },
  }),
  addDynamicPartition: t.field({
    type: AddDynamicPartitionResult,
    args: {
      partitionKey: t.arg.string({ required: true }),
      partitionsDefName: t.arg.string({ required: true }),
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
    },
    resolve: async (_root, { partitionKey, partitionsDefName }, ctx) => {
      if (/[|\n\t,]/.test(partitionKey) || partitionKey === "")
        return pythonError({
          name: "InvalidInput",
          message: "A partition key must not be empty or hold |, a comma, a tab or a line break.",
        });
      const known = await ctx.storage.assets.dynamicPartitions(partitionsDefName);
      if (known.includes(partitionKey))
        return {
          __typename: "DuplicateDynamicPartitionError" as const,
          partitionsDefName,
          partitionName: partitionKey,
          message: `Partition ${partitionKey} of ${partitionsDefName} exists already.`,
        };
      await ctx.storage.assets.addDynamicPartitions(partitionsDefName, [partitionKey]);
      return { __typename: "AddDynamicPartitionSuccess" as const, partitionsDefName, partitionKey };
    },
  }),
  deleteDynamicPartitions: t.field({
    type: DeleteDynamicPartitionsResult,
    args: {
      partitionKeys: t.arg.stringList({ required: true }),
      partitionsDefName: t.arg.string({ required: true }),
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
      wipeMaterializations: t.arg.boolean(),
    },
    resolve: async (_root, { partitionKeys, partitionsDefName, wipeMaterializations }, ctx) => {
      if (wipeMaterializations)
        for (const { def } of ctx.index.assets.values())
          if (def.partitions?.kind === "dynamic" && def.partitions.name === partitionsDefName)
            await ctx.storage.assets.wipe(def.key, partitionKeys);
      await ctx.storage.assets.deleteDynamicPartitions(partitionsDefName, [...partitionKeys]);
      return { __typename: "DeleteDynamicPartitionsSuccess" as const, partitionsDefName };
    },
  }),
  logTelemetry: t.field({
    type: LogTelemetryMutationResult,
    args: {
      action: t.arg.string({ required: true }),
      clientId: t.arg.string({ required: true }),
      clientTime: t.arg.string({ required: true }),
      metadata: t.arg.string({ required: true }),
    },
    description: "Nothing is recorded and nothing is sent anywhere.",
    resolve: (_root, { action }) => ({ __typename: "LogTelemetrySuccess" as const, action }),
  }),
}));
