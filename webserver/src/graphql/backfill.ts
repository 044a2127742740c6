/** A backfill as clients see it. */
import {
  type BackfillCounts,
  type BackfillDetail,
  type BackfillTarget,
  countStates,
  type RunFilter,
} from "@dagster-operator/engine";
import { type PartitionsDef, partitionKeys } from "@dagster-operator/sdk/internal";
import { assetId } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { BulkActionStatus, RunStatus } from "./enums.ts";
import { PythonError, pythonError } from "./errors.ts";
import { AssetKeyInput } from "./inputs.ts";
import { AssetKey, PipelineTag, Run, type RunModel, runModel, tagModels } from "./refs.ts";
import { type BackfillModel, RUN_STATUS, RunsFeedEntry } from "./runs-feed-entry.ts";
import { seconds } from "./time.ts";

export const partitionSetName = (job: string): string => `${job}_partition_set`;

interface RangeModel {
  start: string;
  end: string;
}
const PartitionKeyRange = builder.objectRef<RangeModel>("PartitionKeyRange").implement({
  fields: (t) => ({ start: t.exposeString("start"), end: t.exposeString("end") }),
});
interface TargetPartitionsModel {
  ranges: RangeModel[] | null;
  partitionKeys: string[] | null;
}
export const AssetBackfillTargetPartitions = builder
  .objectRef<TargetPartitionsModel>("AssetBackfillTargetPartitions")
  .implement({
    fields: (t) => ({
      ranges: t.expose("ranges", { type: [PartitionKeyRange], nullable: true }),
      partitionKeys: t.exposeStringList("partitionKeys", { nullable: true }),
    }),
  });

/** As Dagster: ranges of time windows, otherwise keys. null = the asset has no partitions. */
export function targetPartitions(
  ctx: Context,
  { asset, partitions }: BackfillTarget,
): TargetPartitionsModel | null {
  if (partitions === null) return null;
  const def = asset === null ? null : (ctx.index.assets.get(assetId(asset))?.def.partitions ?? null);
  if (def?.kind !== "time_window") return { ranges: null, partitionKeys: partitions };
  return { ranges: rangesOf(ctx, def, partitions), partitionKeys: null };
}
function rangesOf(ctx: Context, def: PartitionsDef, keys: readonly string[]): RangeModel[] {
  const wanted = new Set(keys);
  const ranges: RangeModel[] = [];
  let open: RangeModel | null = null;
  for (const key of partitionKeys(def, { now: ctx.clock.now(), dynamic: () => [] })) {
    if (!wanted.has(key)) open = null;
    else if (open) open.end = key;
    else {
      open = { start: key, end: key };
      ranges.push(open);
    }
  }
  return ranges;
}

interface CountsModel {
  __typename: "AssetPartitionsStatusCounts";
  asset: string[];
  targeted: number;
  counts: BackfillCounts;
}
interface UnpartitionedModel {
  __typename: "UnpartitionedAssetStatus";
  asset: string[];
  counts: BackfillCounts;
}
/** As in Dagster, what was not requested because something upstream failed counts as failed too. */
const failedOf = ({ failed, skipped, canceled }: BackfillCounts): number => failed + skipped + canceled;
const AssetPartitionsStatusCounts = builder.objectRef<CountsModel>("AssetPartitionsStatusCounts").implement({
  fields: (t) => ({
    assetKey: t.expose("asset", { type: AssetKey }),
    numPartitionsTargeted: t.exposeInt("targeted"),
    numPartitionsInProgress: t.int({ resolve: ({ counts }) => counts.requested }),
    numPartitionsMaterialized: t.int({ resolve: ({ counts }) => counts.done }),
    numPartitionsFailed: t.int({ resolve: ({ counts }) => failedOf(counts) }),
  }),
});
const UnpartitionedAssetStatus = builder.objectRef<UnpartitionedModel>("UnpartitionedAssetStatus").implement({
  fields: (t) => ({
    assetKey: t.expose("asset", { type: AssetKey }),
    inProgress: t.boolean({ resolve: ({ counts }) => counts.requested > 0 }),
    materialized: t.boolean({ resolve: ({ counts }) => counts.done > 0 }),
    failed: t.boolean({ resolve: ({ counts }) => failedOf(counts) > 0 }),
  }),
});
const AssetBackfillStatus = builder.unionType("AssetBackfillStatus", {
  types: [AssetPartitionsStatusCounts, UnpartitionedAssetStatus],
  resolveType: byTypename,
});
const AssetBackfillData = builder.objectRef<BackfillDetail>("AssetBackfillData").implement({
  fields: (t) => ({
    assetBackfillStatuses: t.field({
      type: [AssetBackfillStatus],
      resolve: ({ targets, states }) =>
        targets.flatMap(({ asset, partitions }, place): (CountsModel | UnpartitionedModel)[] => {
          if (asset === null) return [];
          const counts = countStates([states[place] ?? ""]);
          return partitions === null
            ? [{ __typename: "UnpartitionedAssetStatus", asset, counts }]
            : [{ __typename: "AssetPartitionsStatusCounts", asset, targeted: partitions.length, counts }];
        }),
    }),
    rootTargetedPartitions: t.field({
      type: AssetBackfillTargetPartitions,
      nullable: true,
      resolve: ({ targets }, _args, ctx) => {
        const root = targets.find(({ partitions }) => partitions !== null);
        return root ? targetPartitions(ctx, root) : null;
      },
    }),
  }),
});

interface StatusModel {
  id: string;
  partitionName: string;
  runId: string | null;
  runStatus: typeof RunStatus.$inferType | null;
  runDuration: number | null;
}
const PartitionStatus = builder.objectRef<StatusModel>("PartitionStatus").implement({
  fields: (t) => ({
    id: t.exposeString("id"),
    partitionName: t.exposeString("partitionName"),
    runId: t.exposeString("runId", { nullable: true }),
    runStatus: t.expose("runStatus", { type: RunStatus, nullable: true }),
    runDuration: t.exposeFloat("runDuration", { nullable: true }),
  }),
});
export interface StatusesModel {
  __typename: "PartitionStatuses";
  results: StatusModel[];
}
export const PartitionStatuses = builder
  .objectRef<StatusesModel>("PartitionStatuses")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [PartitionStatus] }) }) });
const PartitionStatusCounts = builder
  .objectRef<{ runStatus: typeof RunStatus.$inferType; count: number }>("PartitionStatusCounts")
  .implement({
    fields: (t) => ({ runStatus: t.expose("runStatus", { type: RunStatus }), count: t.exposeInt("count") }),
  });

const OPEN: RunFilter["statuses"] = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"];
const CANCELABLE: RunFilter["statuses"] = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED"];
const runsOf = ({ backfillId }: BackfillModel, statuses?: RunFilter["statuses"]): RunFilter => ({
  tags: [{ key: "dagster/backfill", values: [backfillId] }],
  ...(statuses ? { statuses } : {}),
});
async function runs(ctx: Context, filter: RunFilter, limit: number | null | undefined): Promise<RunModel[]> {
  const found = await ctx.storage.runs.list(filter, { limit: Math.min(limit ?? 1000, 10_000) });
  for (const run of found) ctx.runs.prime(run.runId, run);
  return found.map(runModel);
}

/** The partitions one by one; once for all the fields of an answer that want them. */
const details = new WeakMap<BackfillModel, Promise<BackfillDetail>>();
function detail(ctx: Context, model: BackfillModel): Promise<BackfillDetail> {
  let known = details.get(model);
  if (!known) {
    known = ctx.storage.backfills.get(model.backfillId).then((found) => {
      if (!found) throw new Error(`Backfill ${model.backfillId} is gone.`);
      return found;
    });
    details.set(model, known);
  }
  return known;
}

/** Partitions of a backfill whose targets all have the same ones; null where they differ. */
async function partitionNames(ctx: Context, model: BackfillModel): Promise<string[] | null> {
  const { targets } = await detail(ctx, model);
  const lists = new Map(
    targets.flatMap(({ partitions }) => (partitions ? [[partitions.join("\n"), partitions]] : [])),
  );
  return lists.size === 1 ? ([...lists.values()][0] ?? null) : null;
}

async function statusesOf(ctx: Context, model: BackfillModel): Promise<StatusesModel | null> {
  if (model.job === null) return null;
  const [{ targets }, made] = await Promise.all([
    detail(ctx, model),
    ctx.storage.backfills.runs(model.backfillId),
  ]);
  const newest = new Map(
    made.flatMap((run) =>
      run.partition && "key" in run.partition ? [[run.partition.key, run] as const] : [],
    ),
  );
  return {
    __typename: "PartitionStatuses",
    results: (targets[0]?.partitions ?? []).map((name) => ({
      id: `${partitionSetName(model.job ?? "")}:${name}:${model.backfillId}`,
      partitionName: name,
      runId: newest.get(name)?.runId ?? null,
      runStatus: newest.get(name)?.status ?? null,
      runDuration: null,
    })),
  };
}

export const PartitionBackfill = builder.objectRef<BackfillModel>("PartitionBackfill").implement({
  interfaces: [RunsFeedEntry],
  fields: (t) => ({
    runStatus: t.field({ type: RunStatus, resolve: ({ status }) => RUN_STATUS[status] }),
    tags: t.field({
      type: [PipelineTag],
      resolve: ({ tags, parentId }) =>
        tagModels({ ...tags, ...(parentId ? { "dagster/parent_backfill": parentId } : {}) }),
    }),
    status: t.expose("status", { type: BulkActionStatus }),
    isPaused: t.exposeBoolean("paused", { description: "It requests nothing until it is resumed." }),
    partitionNames: t.stringList({
      nullable: true,
      resolve: (model, _args, ctx) => partitionNames(ctx, model),
    }),
    isValidSerialization: t.boolean({ resolve: () => true }),
    numPartitions: t.exposeInt("numPartitions", { nullable: true }),
    numCancelable: t.int({
      resolve: (model, _args, ctx) => ctx.storage.runs.count(runsOf(model, CANCELABLE)),
    }),
    fromFailure: t.exposeBoolean("fromFailure"),
    reexecutionSteps: t.stringList({ nullable: true, resolve: ({ steps }) => steps }),
    partitionSetName: t.string({
      nullable: true,
      resolve: ({ job }) => (job === null ? null : partitionSetName(job)),
    }),
    timestamp: t.float({ resolve: ({ createdAt }) => seconds(createdAt) }),
    endTimestamp: t.float({ nullable: true, resolve: ({ endedAt }) => seconds(endedAt) }),
    runs: t.field({
      type: [Run],
      args: { limit: t.arg.int() },
      resolve: (model, { limit }, ctx) => runs(ctx, runsOf(model), limit),
    }),
    unfinishedRuns: t.field({
      type: [Run],
      args: { limit: t.arg.int() },
      resolve: (model, { limit }, ctx) => runs(ctx, runsOf(model, OPEN), limit),
    }),
    cancelableRuns: t.field({
      type: [Run],
      args: { limit: t.arg.int() },
      resolve: (model, { limit }, ctx) => runs(ctx, runsOf(model, CANCELABLE), limit),
    }),
    error: t.field({
      type: PythonError,
      nullable: true,
      resolve: ({ error }) => (error ? pythonError(error) : null),
    }),
    partitionStatuses: t.field({
      type: PartitionStatuses,
      nullable: true,
      description: "Of a backfill of a job: the newest run of each partition.",
      resolve: (model, _args, ctx) => statusesOf(ctx, model),
    }),
    partitionStatusCounts: t.field({
      type: [PartitionStatusCounts],
      description: "Over all assets and partitions; what is not requested yet is NOT_STARTED.",
      resolve: ({ counts }) => [
        { runStatus: "NOT_STARTED" as const, count: counts.waiting },
        { runStatus: "STARTED" as const, count: counts.requested },
        { runStatus: "SUCCESS" as const, count: counts.done },
        { runStatus: "FAILURE" as const, count: counts.failed + counts.skipped },
        { runStatus: "CANCELED" as const, count: counts.canceled },
      ],
    }),
    partitionsTargetedForAssetKey: t.field({
      type: AssetBackfillTargetPartitions,
      nullable: true,
      args: { assetKey: t.arg({ type: AssetKeyInput }) },
      resolve: async (model, { assetKey }, ctx) => {
        const wanted = assetKey ? assetId(assetKey.path) : null;
        const { targets } = await detail(ctx, model);
        const found = targets.find(({ asset }) => asset && assetId(asset) === wanted);
        return found ? targetPartitions(ctx, found) : null;
      },
    }),
    isAssetBackfill: t.boolean({ resolve: ({ job }) => job === null }),
    assetBackfillData: t.field({
      type: AssetBackfillData,
      nullable: true,
      resolve: (model, _args, ctx) => (model.job === null ? detail(ctx, model) : null),
    }),
    hasCancelPermission: t.boolean({ resolve: () => true }),
    hasResumePermission: t.boolean({ resolve: () => true }),
    user: t.string({ nullable: true, resolve: ({ tags }) => tags.user ?? null }),
    title: t.exposeString("title", { nullable: true }),
    description: t.exposeString("description", { nullable: true }),
  }),
});
