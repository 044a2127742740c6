import {
  type BackfillRequest,
  type BackfillStatus,
  Conflict,
  InvalidInput,
  NotFound,
  type PartitionChoice,
  reexecuteBackfill,
  submitBackfill,
  Unavailable,
  UserCodeError,
} from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import { invalidConfig, parseRunConfig } from "./config.ts";
import type { Context } from "./context.ts";
import {
  PartitionKeysNotFoundError,
  PartitionSetNotFoundError,
  PythonError,
  pythonError,
  UnauthorizedError,
} from "./errors.ts";
import { LaunchBackfillParams, ReexecutionParams } from "./inputs.ts";
import { REFUSALS, submitDeps, tagsOf } from "./submit.ts";

const LaunchBackfillSuccess = builder
  .objectRef<{ __typename: "LaunchBackfillSuccess"; backfillId: string }>("LaunchBackfillSuccess")
  .implement({
    fields: (t) => ({
      backfillId: t.exposeString("backfillId"),
      launchedRunIds: t.stringList({
        nullable: { list: true, items: true },
        description: "Always null: a daemon requests the runs.",
        resolve: () => null,
      }),
    }),
  });
const LaunchBackfillResult = builder.unionType("LaunchBackfillResult", {
  types: [LaunchBackfillSuccess, PartitionSetNotFoundError, PartitionKeysNotFoundError, ...REFUSALS],
  resolveType: byTypename,
});
type LaunchResult = typeof LaunchBackfillResult.$inferType;

const success = <Name extends string>(name: Name) =>
  builder
    .objectRef<{ __typename: Name; backfillId: string }>(name)
    .implement({ fields: (t) => ({ backfillId: t.exposeString("backfillId") }) });
const CancelBackfillResult = builder.unionType("CancelBackfillResult", {
  types: [success("CancelBackfillSuccess"), UnauthorizedError, PythonError],
  resolveType: byTypename,
});
const ResumeBackfillResult = builder.unionType("ResumeBackfillResult", {
  types: [success("ResumeBackfillSuccess"), UnauthorizedError, PythonError],
  resolveType: byTypename,
});

type Params = typeof LaunchBackfillParams.$inferInput;

function choiceOf(params: Params): PartitionChoice {
  const { partitionNames, partitionsByAssets, allPartitions, partitionRange } = params;
  const given = [
    partitionNames && "partitionNames",
    partitionsByAssets && "partitionsByAssets",
    allPartitions && "allPartitions",
    partitionRange && "partitionRange",
  ].filter(Boolean);
  if (given.length !== 1)
    throw new InvalidInput(
      given.length === 0
        ? "a backfill needs partitions: give partitionNames, partitionRange, partitionsByAssets or allPartitions"
        : `${given.join(" and ")} exclude each other`,
    );
  if (partitionNames) return { keys: partitionNames };
  if (partitionRange) return { range: partitionRange };
  if (!partitionsByAssets) return { all: true };
  return {
    byAsset: partitionsByAssets.flatMap((one) => {
      if (!one) return [];
      const { range, ranges } = one.partitions ?? {};
      return [{ asset: one.assetKey.path, ranges: ranges ?? (range ? [range] : null) }];
    }),
  };
}

function requestOf(params: Params): BackfillRequest {
  const { selector, assetSelection, partitionsByAssets } = params;
  const common = {
    partitions: choiceOf(params),
    onlyMissingAndFailed: params.onlyMissingAndFailed ?? undefined,
    fromFailure: params.fromFailure ?? undefined,
    steps: params.reexecutionSteps ?? undefined,
    runConfig: parseRunConfig(params.runConfigData),
    tags: tagsOf(params.tags),
    title: params.title ?? undefined,
    description: params.description ?? undefined,
  };
  const assets = assetSelection ?? partitionsByAssets?.flatMap((one) => one?.assetKey ?? []);
  if (assets) return { ...common, assets: assets.map(({ path }) => path) };
  if (!selector)
    throw new InvalidInput("a backfill is of a job or of assets: give selector or assetSelection");
  return {
    ...common,
    location: selector.repositorySelector.repositoryLocationName,
    job: selector.partitionSetName.replace(/_partition_set$/, ""),
  };
}

function failureOf(error: unknown, params: Params): LaunchResult {
  if (error instanceof InvalidInput) {
    const keys = error.issues.flatMap(({ path }) =>
      path.startsWith("partitionKeys.") ? [path.slice("partitionKeys.".length)] : [],
    );
    if (keys.length > 0)
      return { __typename: "PartitionKeysNotFoundError", message: error.message, partitionKeys: keys };
    const config = error.issues.some(({ path }) => /^(ops|resources|execution|loggers)\b/.test(path));
    return config ? invalidConfig(params.selector?.partitionSetName ?? "assets", error) : pythonError(error);
  }
  if (error instanceof NotFound && error.kind === "job" && params.selector)
    return {
      __typename: "PartitionSetNotFoundError",
      partitionSetName: params.selector.partitionSetName,
      message: error.message,
    };
  return known(error);
}
function known(error: unknown) {
  if (error instanceof UserCodeError) return pythonError(error.error);
  if (
    error instanceof InvalidInput ||
    error instanceof NotFound ||
    error instanceof Unavailable ||
    error instanceof Conflict
  )
    return pythonError(error);
  throw error;
}

async function launch(ctx: Context, params: Params): Promise<LaunchResult> {
  try {
    const { backfillId } = await submitBackfill(submitDeps(ctx), requestOf(params));
    ctx.log.info({ backfillId }, "backfill requested");
    return { __typename: "LaunchBackfillSuccess", backfillId };
  } catch (error) {
    return failureOf(error, params);
  }
}

/** Answers with the name of the success, or what kept `work` from being done. */
async function changed<Name extends string>(__typename: Name, backfillId: string, work: () => Promise<void>) {
  try {
    await work();
    return { __typename, backfillId };
  } catch (error) {
    return known(error);
  }
}
const ENDED: readonly BackfillStatus[] = ["CANCELED", "COMPLETED_SUCCESS", "COMPLETED_FAILED"];

builder.mutationFields((t) => ({
  launchPartitionBackfill: t.field({
    type: LaunchBackfillResult,
    args: { backfillParams: t.arg({ type: LaunchBackfillParams, required: true }) },
    resolve: (_root, { backfillParams }, ctx) => launch(ctx, backfillParams),
  }),
  reexecutePartitionBackfill: t.field({
    type: LaunchBackfillResult,
    description: "A new backfill: of what this one did not make (FROM_FAILURE), or of all of it (ALL_STEPS).",
    args: { reexecutionParams: t.arg({ type: ReexecutionParams }) },
    resolve: async (_root, { reexecutionParams: params }, ctx): Promise<LaunchResult> => {
      if (!params)
        return pythonError(new InvalidInput("reexecutionParams must name the backfill to execute again"));
      try {
        const tags = Object.fromEntries((params.extraTags ?? []).map(({ key, value }) => [key, value]));
        const { backfillId } = await reexecuteBackfill(ctx, params.parentRunId, {
          strategy: params.strategy === "ALL_STEPS" ? "ALL_STEPS" : "FROM_FAILURE",
          tags,
        });
        return { __typename: "LaunchBackfillSuccess", backfillId };
      } catch (error) {
        return known(error);
      }
    },
  }),
  cancelPartitionBackfill: t.field({
    type: CancelBackfillResult,
    args: { backfillId: t.arg.string({ required: true }) },
    resolve: (_root, { backfillId }, ctx) =>
      changed("CancelBackfillSuccess", backfillId, async () => {
        const status = await ctx.storage.backfills.cancel(backfillId);
        if (ENDED.includes(status))
          throw new Conflict(`backfill ${backfillId} cannot be canceled: it has already ended (${status})`);
      }),
  }),
  resumePartitionBackfill: t.field({
    type: ResumeBackfillResult,
    description: "Lets one that is paused or FAILED go on; nothing that failed is tried again.",
    args: { backfillId: t.arg.string({ required: true }) },
    resolve: (_root, { backfillId }, ctx) =>
      changed("ResumeBackfillSuccess", backfillId, async () => {
        const status = await ctx.storage.backfills.resume(backfillId);
        if (status !== "REQUESTED")
          throw new Conflict(`backfill ${backfillId} is ${status}: execute it again to make what is missing`);
        await ctx.storage.backfills.setPaused(backfillId, false);
      }),
  }),
  pausePartitionBackfill: t.field({
    type: ResumeBackfillResult,
    description: "It requests no more runs until it is resumed; those under way go on.",
    args: { backfillId: t.arg.string({ required: true }) },
    resolve: (_root, { backfillId }, ctx) =>
      changed("ResumeBackfillSuccess", backfillId, () => ctx.storage.backfills.setPaused(backfillId, true)),
  }),
}));
