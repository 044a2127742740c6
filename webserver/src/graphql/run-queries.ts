import type { RunFilter } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import { findJob } from "./config.ts";
import type { Context } from "./context.ts";
import {
  InvalidPipelineRunsFilterError,
  jobNotFound,
  PipelineNotFoundError,
  PythonError,
  RunGroupNotFoundError,
  RunNotFoundError,
  runNotFound,
} from "./errors.ts";
import { PipelineSelector, RunsFilter } from "./inputs.ts";
import { Pipeline, Run, type RunModel, runModel } from "./refs.ts";
import { EventConnection, eventPage } from "./run.ts";
import { RunOrError, runOrError } from "./run-steps.ts";
import { millis } from "./time.ts";

type FilterInput = typeof RunsFilter.$inferInput;
const REPOSITORY_TAG = ".dagster/repository";
/** Dagster filters by location through a tag `<repository>@<location>`. */
function runFilter(input: FilterInput | null | undefined): RunFilter {
  if (!input) return {};
  const tags = new Map<string, string[]>();
  let location: string | undefined;
  for (const { key, value } of input.tags ?? [])
    if (key === REPOSITORY_TAG) location = value.slice(value.indexOf("@") + 1);
    else tags.set(key, [...(tags.get(key) ?? []), value]);
  return {
    runIds: input.runIds?.filter((id) => id !== null && id !== undefined),
    statuses: input.statuses?.filter((status) => status !== "MANAGED" && status !== "SUSPENDED"),
    job: input.pipelineName ?? undefined,
    location,
    tags: tags.size > 0 ? [...tags].map(([key, values]) => ({ key, values })) : undefined,
    createdAfter: millis(input.createdAfter),
    createdBefore: millis(input.createdBefore),
    updatedAfter: millis(input.updatedAfter),
  };
}

interface RunsModel {
  __typename: "Runs";
  filter: RunFilter;
  limit: number;
  cursor: string | undefined;
}
const listRuns = async (ctx: Context, { filter, limit, cursor }: RunsModel): Promise<RunModel[]> => {
  const runs = await ctx.storage.runs.list(filter, { limit, cursor });
  for (const run of runs) ctx.runs.prime(run.runId, run);
  return runs.map(runModel);
};
const PipelineRuns = builder.interfaceRef<RunsModel>("PipelineRuns").implement({
  resolveType: byTypename,
  fields: (t) => ({
    results: t.field({ type: [Run], resolve: (model, _args, ctx) => listRuns(ctx, model) }),
    count: t.int({ resolve: ({ filter }, _args, ctx) => ctx.storage.runs.count(filter) }),
  }),
});
const Runs = builder
  .objectRef<RunsModel>("Runs")
  .implement({ interfaces: [PipelineRuns], fields: () => ({}) });
const RunsOrError = builder.unionType("RunsOrError", {
  types: [Runs, InvalidPipelineRunsFilterError, PythonError],
  resolveType: byTypename,
});
const runsArgs = { limit: 100, most: 1000 };
const runs = (args: {
  filter?: FilterInput | null | undefined;
  cursor?: string | null | undefined;
  limit?: number | null | undefined;
}): RunsModel => ({
  __typename: "Runs",
  filter: runFilter(args.filter),
  limit: Math.min(args.limit ?? runsArgs.limit, runsArgs.most),
  cursor: args.cursor || undefined,
});

const RunGroup = builder
  .objectRef<{ __typename: "RunGroup"; rootRunId: string; runs: RunModel[] }>("RunGroup")
  .implement({
    fields: (t) => ({
      rootRunId: t.exposeString("rootRunId"),
      runs: t.expose("runs", { type: [Run], nullable: true }),
    }),
  });
const RunGroupOrError = builder.unionType("RunGroupOrError", {
  types: [RunGroup, RunGroupNotFoundError, PythonError],
  resolveType: byTypename,
});
const RunTagKeys = builder
  .objectRef<{ __typename: "RunTagKeys"; keys: string[] }>("RunTagKeys")
  .implement({ fields: (t) => ({ keys: t.exposeStringList("keys") }) });
const PipelineTagAndValues = builder
  .objectRef<{ key: string; values: string[] }>("PipelineTagAndValues")
  .implement({
    fields: (t) => ({ key: t.exposeString("key"), values: t.exposeStringList("values") }),
  });
const RunTags = builder
  .objectRef<{ __typename: "RunTags"; tags: { key: string; values: string[] }[] }>("RunTags")
  .implement({ fields: (t) => ({ tags: t.expose("tags", { type: [PipelineTagAndValues] }) }) });
const RunIds = builder
  .objectRef<{ __typename: "RunIds"; results: string[] }>("RunIds")
  .implement({ fields: (t) => ({ results: t.exposeStringList("results") }) });
const RunTagKeysOrError = builder.unionType("RunTagKeysOrError", {
  types: [PythonError, RunTagKeys],
  resolveType: byTypename,
});
const RunTagsOrError = builder.unionType("RunTagsOrError", {
  types: [PythonError, RunTags],
  resolveType: byTypename,
});
const RunIdsOrError = builder.unionType("RunIdsOrError", {
  types: [RunIds, InvalidPipelineRunsFilterError, PythonError],
  resolveType: byTypename,
});
const EventConnectionOrError = builder.unionType("EventConnectionOrError", {
  types: [EventConnection, RunNotFoundError, PythonError],
  resolveType: byTypename,
});
const PipelineOrError = builder.unionType("PipelineOrError", {
  types: [Pipeline, PipelineNotFoundError, PythonError],
  resolveType: byTypename,
});

builder.queryFields((t) => {
  const list = () =>
    t.field({
      type: RunsOrError,
      args: { filter: t.arg({ type: RunsFilter }), cursor: t.arg.string(), limit: t.arg.int() },
      resolve: (_root, args) => runs(args),
    });
  const one = () =>
    t.field({
      type: RunOrError,
      args: { runId: t.arg.id({ required: true }) },
      resolve: (_root, { runId }, ctx) => runOrError(ctx, String(runId)),
    });
  return {
    runsOrError: list(),
    pipelineRunsOrError: list(),
    runOrError: one(),
    pipelineRunOrError: one(),
    runGroupOrError: t.field({
      type: RunGroupOrError,
      args: { runId: t.arg.id({ required: true }) },
      resolve: async (_root, { runId }, ctx) => {
        const run = await ctx.runs.get(String(runId));
        if (!run)
          return {
            __typename: "RunGroupNotFoundError" as const,
            runId: String(runId),
            message: `Run ${runId} does not exist, so it has no group.`,
          };
        const rootRunId = run.rootRunId ?? run.runId;
        const [root, children] = await Promise.all([
          ctx.runs.get(rootRunId),
          ctx.storage.runs.list(
            { tags: [{ key: "dagster/root_run_id", values: [rootRunId] }] },
            { limit: 1000 },
          ),
        ]);
        const all = new Map(
          [...(root ? [root] : []), ...children.reverse()].map((member) => [member.runId, runModel(member)]),
        );
        return { __typename: "RunGroup" as const, rootRunId, runs: [...all.values()] };
      },
    }),
    runTagKeysOrError: t.field({
      type: RunTagKeysOrError,
      nullable: true,
      resolve: async (_root, _args, ctx) => ({
        __typename: "RunTagKeys" as const,
        keys: await ctx.storage.runs.tagKeys(),
      }),
    }),
    runTagsOrError: t.field({
      type: RunTagsOrError,
      nullable: true,
      args: { tagKeys: t.arg.stringList(), valuePrefix: t.arg.string(), limit: t.arg.int() },
      resolve: async (_root, args, ctx) => {
        const keys = args.tagKeys ?? (await ctx.storage.runs.tagKeys());
        const tags = keys.map(async (key) => ({
          key,
          values: await ctx.storage.runs.tagValues(key, args.valuePrefix ?? "", args.limit ?? 1000),
        }));
        return { __typename: "RunTags" as const, tags: await Promise.all(tags) };
      },
    }),
    runIdsOrError: t.field({
      type: RunIdsOrError,
      args: { filter: t.arg({ type: RunsFilter }), cursor: t.arg.string(), limit: t.arg.int() },
      resolve: async (_root, args, ctx) => ({
        __typename: "RunIds" as const,
        results: (await listRuns(ctx, runs(args))).map((run) => run.runId),
      }),
    }),
    logsForRun: t.field({
      type: EventConnectionOrError,
      args: { runId: t.arg.id({ required: true }), afterCursor: t.arg.string(), limit: t.arg.int() },
      resolve: async (_root, { runId, afterCursor, limit }, ctx) => {
        const id = String(runId);
        if (!(await ctx.runs.get(id))) return runNotFound(id);
        return eventPage(ctx.storage.events, id, afterCursor, limit);
      },
    }),
    pipelineOrError: t.field({
      type: PipelineOrError,
      args: { params: t.arg({ type: PipelineSelector, required: true }) },
      resolve: (_root, { params }, ctx) => findJob(ctx, params) ?? jobNotFound(params),
    }),
  };
});
