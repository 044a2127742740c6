/** Mutations that put runs in the queue. All go through the engine's submit. */
import {
  InvalidInput,
  NotFound,
  reexecuteRun,
  type SubmitRequest,
  submitRun,
  submitRuns,
  Unavailable,
  UserCodeError,
} from "@dagster-operator/engine";
import { ASSET_JOB } from "@dagster-operator/sdk/internal";
import { builder, byTypename } from "./builder.ts";
import { findJob, invalidConfig, parseRunConfig } from "./config.ts";
import type { Context } from "./context.ts";
import { jobNotFound, PythonError, pythonError } from "./errors.ts";
import { ExecutionParams, ReexecutionParams } from "./inputs.ts";
import { Run, type RunModel, runModel } from "./refs.ts";
import { REFUSALS, submitDeps, tagsOf } from "./submit.ts";

type Params = typeof ExecutionParams.$inferInput;
interface Success {
  __typename: "LaunchRunSuccess";
  run: RunModel;
}
const LaunchPipelineRunSuccess = builder
  .interfaceRef<Success>("LaunchPipelineRunSuccess")
  .implement({ resolveType: byTypename, fields: (t) => ({ run: t.expose("run", { type: Run }) }) });
const LaunchRunSuccess = builder
  .objectRef<Success>("LaunchRunSuccess")
  .implement({ interfaces: [LaunchPipelineRunSuccess], fields: () => ({}) });
const LaunchRunResult = builder.unionType("LaunchRunResult", {
  types: [LaunchRunSuccess, ...REFUSALS],
  resolveType: byTypename,
});
const LaunchRunReexecutionResult = builder.unionType("LaunchRunReexecutionResult", {
  types: [LaunchRunSuccess, ...REFUSALS],
  resolveType: byTypename,
});
type Result = typeof LaunchRunResult.$inferType;

const jobName = ({ selector }: Params): string => selector.jobName ?? selector.pipelineName ?? ASSET_JOB;
const selectorOf = (params: Params) => ({ ...params.selector, pipelineName: jobName(params) });

/** @throws InvalidInput the run config cannot be read */
function requestOf(params: Params): SubmitRequest {
  const { selector } = params;
  return {
    location: selector.repositoryLocationName,
    job: jobName(params),
    assets: selector.assetSelection?.map(({ path }) => path),
    checks: selector.assetCheckSelection?.map(({ assetKey, name }) => ({ asset: assetKey.path, name })),
    steps: params.stepKeys ?? selector.solidSelection ?? undefined,
    runConfig: parseRunConfig(params.runConfigData),
    tags: tagsOf(params.executionMetadata?.tags),
  };
}

/** A problem of the caller's as Dagster's type for it; a fault of ours is thrown on. */
function failureOf(error: unknown, job: string, steps: readonly string[] = []): Result {
  if (error instanceof InvalidInput) {
    const wrong = error.issues.find((issue) => issue.path === "steps");
    const invalidStepKey = wrong && steps.find((step) => wrong.message.includes(step));
    return invalidStepKey ? { __typename: "InvalidStepError", invalidStepKey } : invalidConfig(job, error);
  }
  if (error instanceof UserCodeError) return pythonError(error.error);
  if (error instanceof NotFound || error instanceof Unavailable) return pythonError(error);
  throw error;
}
async function launched(ctx: Context, runId: string): Promise<Result> {
  ctx.runs.clear(runId);
  const run = await ctx.runs.get(runId);
  if (!run) throw new Error(`Run ${runId} was submitted and is not in storage.`);
  ctx.log.info({ runId, job: run.job, location: run.location }, "run submitted");
  return { __typename: "LaunchRunSuccess", run: runModel(run) };
}
async function launch(ctx: Context, params: Params): Promise<Result> {
  const job = jobName(params);
  if (ctx.index.locations.has(params.selector.repositoryLocationName) && !findJob(ctx, selectorOf(params)))
    return jobNotFound(selectorOf(params));
  if (!ctx.workspace.get(params.selector.repositoryLocationName)) return jobNotFound(selectorOf(params));
  try {
    const { runId } = await submitRun(submitDeps(ctx), requestOf(params));
    return await launched(ctx, runId);
  } catch (error) {
    return failureOf(error, job, params.stepKeys ?? undefined);
  }
}
/** All in one batch; when one cannot start, each is checked alone, so that every caller learns about its own. */
async function launchMany(ctx: Context, list: readonly Params[]): Promise<Result[]> {
  try {
    const submitted = await submitRuns(submitDeps(ctx), list.map(requestOf));
    return await Promise.all(submitted.map(({ runId }) => launched(ctx, runId)));
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof NotFound))
      return list.map((params) => failureOf(error, jobName(params)));
    const results: Result[] = [];
    for (const params of list) results.push(await launch(ctx, params));
    return results;
  }
}

type Reexecution = typeof ReexecutionParams.$inferInput;
async function reexecute(
  ctx: Context,
  params: Params | null | undefined,
  by: Reexecution | null | undefined,
): Promise<Result> {
  if ((params ? 1 : 0) + (by ? 1 : 0) !== 1)
    return {
      __typename: "ConflictingExecutionParamsError",
      message: "Give either executionParams or reexecutionParams.",
    };
  const parentRunId = by?.parentRunId ?? params?.executionMetadata?.parentRunId;
  if (!parentRunId)
    return {
      __typename: "ConflictingExecutionParamsError",
      message: "executionParams.executionMetadata.parentRunId must name the run to execute again.",
    };
  const parent = await ctx.runs.get(parentRunId);
  try {
    const { runId } = await reexecuteRun(submitDeps(ctx), parentRunId, {
      strategy: by
        ? by.strategy === "ALL_STEPS"
          ? "ALL_STEPS"
          : "FROM_FAILURE"
        : params?.stepKeys
          ? "SELECTED_STEPS"
          : "ALL_STEPS",
      steps: params?.stepKeys ?? undefined,
      tags: tagsOf(by?.extraTags ?? params?.executionMetadata?.tags),
      runConfig:
        params?.runConfigData === undefined || params.runConfigData === null
          ? undefined
          : parseRunConfig(params.runConfigData),
    });
    return await launched(ctx, runId);
  } catch (error) {
    return failureOf(error, parent?.job ?? "", params?.stepKeys ?? undefined);
  }
}

const LaunchMultipleRunsResult = builder
  .objectRef<{ __typename: "LaunchMultipleRunsResult"; results: Result[] }>("LaunchMultipleRunsResult")
  .implement({
    fields: (t) => ({ launchMultipleRunsResult: t.expose("results", { type: [LaunchRunResult] }) }),
  });
const LaunchMultipleRunsResultOrError = builder.unionType("LaunchMultipleRunsResultOrError", {
  types: [LaunchMultipleRunsResult, PythonError],
  resolveType: byTypename,
});

builder.mutationFields((t) => {
  const launchField = () =>
    t.field({
      type: LaunchRunResult,
      args: { executionParams: t.arg({ type: ExecutionParams, required: true }) },
      resolve: (_root, { executionParams }, ctx) => launch(ctx, executionParams),
    });
  const reexecuteField = () =>
    t.field({
      type: LaunchRunReexecutionResult,
      args: {
        executionParams: t.arg({ type: ExecutionParams }),
        reexecutionParams: t.arg({ type: ReexecutionParams }),
      },
      resolve: (_root, args, ctx) => reexecute(ctx, args.executionParams, args.reexecutionParams),
    });
  return {
    launchRun: launchField(),
    launchPipelineExecution: launchField(),
    launchMultipleRuns: t.field({
      type: LaunchMultipleRunsResultOrError,
      args: { executionParamsList: t.arg({ type: [ExecutionParams], required: true }) },
      resolve: async (_root, { executionParamsList }, ctx) => ({
        __typename: "LaunchMultipleRunsResult" as const,
        results: await launchMany(ctx, executionParamsList),
      }),
    }),
    launchRunReexecution: reexecuteField(),
    launchPipelineReexecution: reexecuteField(),
  };
});
