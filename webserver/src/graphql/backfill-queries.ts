import { backfillTargets, backfillWorld } from "@dagster-operator/engine";
import { AssetBackfillTargetPartitions, PartitionBackfill, targetPartitions } from "./backfill.ts";
import { builder, byTypename } from "./builder.ts";
import { BulkActionStatus } from "./enums.ts";
import { BackfillNotFoundError, backfillNotFound, PythonError } from "./errors.ts";
import { AssetBackfillPreviewParams, BulkActionsFilter } from "./inputs.ts";
import { AssetKey } from "./refs.ts";
import { type BackfillModel, backfillModel } from "./runs-feed-entry.ts";
import { millis } from "./time.ts";

const PartitionBackfillOrError = builder.unionType("PartitionBackfillOrError", {
  types: [PartitionBackfill, BackfillNotFoundError, PythonError],
  resolveType: byTypename,
});
const PartitionBackfills = builder
  .objectRef<{ __typename: "PartitionBackfills"; results: BackfillModel[] }>("PartitionBackfills")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [PartitionBackfill] }) }) });
const PartitionBackfillsOrError = builder.unionType("PartitionBackfillsOrError", {
  types: [PartitionBackfills, PythonError],
  resolveType: byTypename,
});
type Preview = { asset: string[]; partitions: ReturnType<typeof targetPartitions> };
const AssetPartitions = builder.objectRef<Preview>("AssetPartitions").implement({
  fields: (t) => ({
    assetKey: t.expose("asset", { type: AssetKey }),
    partitions: t.expose("partitions", { type: AssetBackfillTargetPartitions, nullable: true }),
  }),
});

type Status = typeof BulkActionStatus.$inferType;
/** Of Dagster's two older names for an end each, and one that this server does not go through. */
const known = (status: Status) =>
  status === "COMPLETED" ? "COMPLETED_SUCCESS" : status === "FAILING" ? "FAILED" : status;

builder.queryFields((t) => ({
  partitionBackfillOrError: t.field({
    type: PartitionBackfillOrError,
    args: { backfillId: t.arg.string({ required: true }) },
    resolve: async (_root, { backfillId }, ctx) => {
      const [found] = await ctx.storage.backfills.list({ backfillIds: [backfillId] }, { limit: 1 });
      return found ? backfillModel(found) : backfillNotFound(backfillId);
    },
  }),
  partitionBackfillsOrError: t.field({
    type: PartitionBackfillsOrError,
    args: {
      status: t.arg({ type: BulkActionStatus }),
      cursor: t.arg.string(),
      limit: t.arg.int(),
      filters: t.arg({ type: BulkActionsFilter }),
    },
    resolve: async (_root, { status, cursor, limit, filters }, ctx) => {
      const statuses = filters?.statuses ?? (status ? [status] : undefined);
      const results = await ctx.storage.backfills.list(
        {
          statuses: statuses?.map(known),
          createdAfter: millis(filters?.createdAfter),
          createdBefore: millis(filters?.createdBefore),
        },
        { limit: Math.min(limit ?? 100, 1000), cursor: cursor || undefined },
      );
      return { __typename: "PartitionBackfills" as const, results: results.map(backfillModel) };
    },
  }),
  assetBackfillPreview: t.field({
    type: [AssetPartitions],
    args: { params: t.arg({ type: AssetBackfillPreviewParams, required: true }) },
    resolve: async (_root, { params }, ctx): Promise<Preview[]> => {
      const request = {
        assets: params.assetSelection.map(({ path }) => path),
        partitions: { keys: params.partitionNames },
      };
      const { entries, at } = await backfillWorld(
        ctx.storage,
        ctx.workspace.list(),
        request,
        ctx.clock.now(),
      );
      const targets = backfillTargets(entries, request, at);
      return targets.flatMap((target) =>
        target.asset ? [{ asset: target.asset, partitions: targetPartitions(ctx, target) }] : [],
      );
    },
  }),
}));
