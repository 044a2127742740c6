/** A run as clients see it. */
import { type EventLog, isEnded, type RunRecord, scaffoldRunConfig } from "@dagster-operator/engine";
import type { JobDef } from "@dagster-operator/sdk/internal";
import { stringify } from "yaml";
import { REPOSITORY } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import { CapturedLogs, logKeyOf, readLogs } from "./captured-logs.ts";
import { poolSettings } from "./concurrency.ts";
import { RunStatus } from "./enums.ts";
import { PythonError } from "./errors.ts";
import { DagsterRunEvent } from "./event.ts";
import { ExecutionPlan, planOfRun } from "./plan.ts";
import {
  Asset,
  AssetCheckHandle,
  AssetKey,
  assetModel,
  type EventModel,
  eventModel,
  MaterializationEvent,
  PipelineTag,
  Run,
  type RunModel,
  tagModels,
} from "./refs.ts";
import { RepositoryOrigin } from "./repository-origin.ts";
import { RunStepStats } from "./run-steps.ts";
import { RunsFeedEntry } from "./runs-feed-entry.ts";
import { seconds } from "./time.ts";

export const runConfigYaml = (config: Record<string, unknown>): string =>
  Object.keys(config).length === 0 ? "{}\n" : stringify(config, { lineWidth: 0 });

/** What a launchpad starts with: the job's own default, else its required fields laid out. */
export const defaultRunConfigYaml = ({ runConfig, runConfigSchema }: JobDef): string =>
  runConfigYaml(Object.keys(runConfig).length > 0 ? runConfig : scaffoldRunConfig(runConfigSchema));

const PipelineReference = builder
  .interfaceRef<{ __typename: string; name: string; solidSelection: string[] | null }>("PipelineReference")
  .implement({
    resolveType: byTypename,
    fields: (t) => ({
      name: t.exposeString("name"),
      solidSelection: t.exposeStringList("solidSelection", { nullable: true }),
    }),
  });
builder
  .objectRef<{ __typename: "UnknownPipeline"; name: string; solidSelection: string[] | null }>(
    "UnknownPipeline",
  )
  .implement({ interfaces: [PipelineReference], fields: () => ({}) });

export interface EventConnectionModel {
  __typename: "EventConnection";
  events: EventModel[];
  cursor: string;
  hasMore: boolean;
}
export const EventConnection = builder.objectRef<EventConnectionModel>("EventConnection").implement({
  fields: (t) => ({
    events: t.expose("events", { type: [DagsterRunEvent] }),
    cursor: t.exposeString("cursor", { description: "Pass it as `afterCursor` for what comes next." }),
    hasMore: t.exposeBoolean("hasMore"),
  }),
});

interface StatsModel {
  __typename: "RunStatsSnapshot";
  run: RunRecord;
  succeeded: number;
  failed: number;
}
const PipelineRunStatsSnapshot = builder.interfaceRef<StatsModel>("PipelineRunStatsSnapshot").implement({
  resolveType: byTypename,
  fields: (t) => ({
    id: t.string({ resolve: ({ run }) => `stats-${run.runId}` }),
    runId: t.string({ resolve: ({ run }) => run.runId }),
    stepsSucceeded: t.exposeInt("succeeded"),
    stepsFailed: t.exposeInt("failed"),
    enqueuedTime: t.float({ nullable: true, resolve: ({ run }) => seconds(run.createdAt) }),
    startTime: t.float({ nullable: true, resolve: ({ run }) => seconds(run.startedAt) }),
    endTime: t.float({ nullable: true, resolve: ({ run }) => seconds(run.endedAt) }),
  }),
});
const RunStatsSnapshot = builder
  .objectRef<StatsModel>("RunStatsSnapshot")
  .implement({ interfaces: [PipelineRunStatsSnapshot], fields: () => ({}) });
const RunStatsSnapshotOrError = builder.unionType("RunStatsSnapshotOrError", {
  types: [RunStatsSnapshot, PythonError],
  resolveType: byTypename,
});

const PipelineRun = builder.interfaceRef<RunModel>("PipelineRun").implement({
  resolveType: byTypename,
  fields: (t) => ({
    id: t.id({ resolve: (run) => run.runId }),
    runId: t.exposeString("runId"),
    pipelineSnapshotId: t.string({ nullable: true, resolve: (run) => run.codeVersion }),
    repositoryOrigin: t.field({
      type: RepositoryOrigin,
      nullable: true,
      resolve: (run) => ({ location: run.location, repository: REPOSITORY }),
    }),
    status: t.expose("status", { type: RunStatus }),
    pipeline: t.field({
      type: PipelineReference,
      resolve: (run) => ({ __typename: "UnknownPipeline", name: run.job, solidSelection: null }),
    }),
    pipelineName: t.exposeString("job"),
    jobName: t.exposeString("job"),
    solidSelection: t.stringList({ nullable: true, resolve: () => null }),
    stats: t.field({
      type: RunStatsSnapshotOrError,
      resolve: async (run, _args, ctx) => {
        const steps = await ctx.steps.get(run.runId);
        const count = (status: string) => steps.filter((step) => step.status === status).length;
        return {
          __typename: "RunStatsSnapshot" as const,
          run,
          succeeded: count("SUCCESS"),
          failed: count("FAILURE"),
        };
      },
    }),
    stepStats: t.field({
      type: [RunStepStats],
      resolve: async ({ runId }, _args, ctx) =>
        (await ctx.steps.get(runId)).map((step) => ({
          __typename: "RunStepStats" as const,
          runId,
          stepKey: step.stepKey,
          step,
        })),
    }),
    capturedLogs: t.field({
      type: CapturedLogs,
      args: { fileKey: t.arg.string({ required: true }) },
      resolve: (run, { fileKey }, ctx) => readLogs(ctx, logKeyOf(run.runId, fileKey), null, null),
    }),
    executionPlan: t.field({
      type: ExecutionPlan,
      nullable: true,
      resolve: (run, _args, ctx) => planOfRun(ctx, run),
    }),
    stepKeysToExecute: t.stringList({ nullable: true, resolve: (run) => run.steps }),
    runConfigYaml: t.string({ resolve: (run) => runConfigYaml(run.runConfig) }),
    runConfig: t.field({ type: "RunConfigData", resolve: (run) => run.runConfig }),
    mode: t.string({ resolve: () => "default" }),
    tags: t.field({ type: [PipelineTag], resolve: (run) => tagModels(run.tags) }),
    rootRunId: t.exposeString("rootRunId", { nullable: true }),
    parentRunId: t.exposeString("parentRunId", { nullable: true }),
    canTerminate: t.boolean({ resolve: (run) => !isEnded(run.status) }),
    assets: t.field({
      type: [Asset],
      resolve: (run) =>
        (run.plannedAssets.length > 0 ? run.plannedAssets : (run.assets ?? [])).map(assetModel),
    }),
    eventConnection: t.field({
      type: EventConnection,
      args: { afterCursor: t.arg.string(), limit: t.arg.int() },
      resolve: async (run, args, ctx) =>
        eventPage(ctx.storage.events, run.runId, args.afterCursor, args.limit),
    }),
  }),
});

export const MAX_EVENTS = 1000;
/** Cursors are event ids; an empty or absent one is the beginning. */
export const afterOf = (cursor: string | null | undefined): number => Number.parseInt(cursor ?? "0", 10) || 0;
export async function eventPage(
  events: EventLog,
  runId: string,
  cursor: string | null | undefined,
  limit: number | null | undefined,
): Promise<EventConnectionModel> {
  const max = Math.min(Math.max(limit ?? MAX_EVENTS, 1), MAX_EVENTS);
  const after = afterOf(cursor);
  const records = await events.list(runId, { after, limit: max + 1 });
  const page = records.slice(0, max);
  return {
    __typename: "EventConnection",
    events: page.map(eventModel),
    cursor: String(page.at(-1)?.id ?? after),
    hasMore: records.length > max,
  };
}

const cut = <T>(list: T[] | null, limit: number | null | undefined): T[] | null =>
  list && limit !== null && limit !== undefined ? list.slice(0, limit) : list;
const checkHandles = (run: RunModel) => run.checks;

Run.implement({
  interfaces: [PipelineRun, RunsFeedEntry],
  fields: (t) => ({
    jobName: t.exposeString("job"),
    runStatus: t.field({ type: RunStatus, resolve: (run) => run.status }),
    updateTime: t.float({ nullable: true, resolve: (run) => seconds(run.updatedAt) }),
    assetSelection: t.field({
      type: [AssetKey],
      nullable: true,
      args: { limit: t.arg.int() },
      resolve: (run, { limit }) => cut(run.assets, limit),
    }),
    assetCheckSelection: t.field({
      type: [AssetCheckHandle],
      nullable: true,
      args: { limit: t.arg.int() },
      resolve: (run, { limit }) => cut(run.checks, limit),
    }),
    assetSelectionCount: t.int({ resolve: (run) => run.assets?.length ?? 0 }),
    assetCheckSelectionCount: t.int({ resolve: (run) => run.checks?.length ?? 0 }),
    assetMaterializations: t.field({
      type: [MaterializationEvent],
      resolve: ({ runId }, _args, ctx): Promise<EventModel[]> =>
        ctx.storage.events.list(runId, { types: ["ASSET_MATERIALIZATION"], limit: MAX_EVENTS }),
    }),
    assetChecks: t.field({ type: [AssetCheckHandle], nullable: true, resolve: checkHandles }),
    hasReExecutePermission: t.boolean({ resolve: () => true }),
    hasTerminatePermission: t.boolean({ resolve: () => true }),
    hasDeletePermission: t.boolean({ resolve: () => true }),
    hasConcurrencyKeySlots: t.boolean({
      resolve: async ({ runId, pools }, _args, ctx) =>
        pools != null &&
        (await ctx.storage.pools.list(poolSettings(ctx))).some(({ slots }) =>
          slots.some((slot) => slot.runId === runId && slot.heldAt !== null),
        ),
    }),
    allPools: t.stringList({ nullable: true, resolve: ({ pools }) => pools?.all ?? [] }),
    rootConcurrencyKeys: t.stringList({
      nullable: true,
      resolve: ({ pools }) => pools?.roots.filter((pool) => pool !== null) ?? [],
    }),
    hasRunMetricsEnabled: t.boolean({ resolve: () => false }),
    failure: t.field({
      type: PythonError,
      nullable: true,
      description: "Why the run failed.",
      resolve: (run) =>
        run.error
          ? { __typename: "PythonError" as const, message: run.error.message, error: run.error }
          : null,
    }),
    stepsTotal: t.exposeInt("stepsTotal"),
    stepsDone: t.exposeInt("stepsDone"),
  }),
});
