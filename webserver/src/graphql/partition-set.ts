/** The partitions of a job, under the name that Dagster gives them: `<job>_partition_set`. */
import { type JobModel, REPOSITORY } from "../definitions/location-index.ts";
import { keysOfJob, partitionsOfJob } from "../definitions/partitions.ts";
import { PartitionBackfill, PartitionStatuses, partitionSetName, type StatusesModel } from "./backfill.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { jobNotFound, PartitionSetNotFoundError, PipelineNotFoundError, PythonError } from "./errors.ts";
import { RepositorySelector } from "./inputs.ts";
import { Run, runModel } from "./refs.ts";
import { RepositoryOrigin } from "./repository-origin.ts";
import { backfillModel } from "./runs-feed-entry.ts";
import { seconds } from "./time.ts";

interface SetModel {
  __typename: "PartitionSet";
  job: JobModel;
}
interface PartitionModel {
  name: string;
  job: JobModel;
}
const Partition = builder.objectRef<PartitionModel>("Partition").implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    partitionSetName: t.string({ resolve: ({ job }) => partitionSetName(job.def.name) }),
    mode: t.string({ resolve: () => "default" }),
    solidSelection: t.stringList({ nullable: true, resolve: () => null }),
  }),
});
const Partitions = builder
  .objectRef<{ __typename: "Partitions"; results: PartitionModel[] }>("Partitions")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [Partition] }) }) });
const PartitionsOrError = builder.unionType("PartitionsOrError", {
  types: [Partitions, PythonError],
  resolveType: byTypename,
});
const PartitionStatusesOrError = builder.unionType("PartitionStatusesOrError", {
  types: [PartitionStatuses, PythonError],
  resolveType: byTypename,
});
const PartitionRun = builder
  .objectRef<{ id: string; partitionName: string; runId: string | null }>("PartitionRun")
  .implement({
    fields: (t) => ({
      id: t.exposeString("id"),
      partitionName: t.exposeString("partitionName"),
      run: t.field({
        type: Run,
        nullable: true,
        resolve: async ({ runId }, _args, ctx) => {
          const run = runId ? await ctx.runs.get(runId) : null;
          return run ? runModel(run) : null;
        },
      }),
    }),
  });

/** The newest run of each partition. */
async function statuses(ctx: Context, job: JobModel): Promise<StatusesModel> {
  const [keys, runs] = await Promise.all([
    keysOfJob(ctx, job),
    ctx.storage.runs.newestByPartition(job.location.name, job.def.name),
  ]);
  const results = keys.map((name) => {
    const run = runs.get(name);
    return {
      id: `${partitionSetName(job.def.name)}:${name}`,
      partitionName: name,
      runId: run?.runId ?? null,
      runStatus: run?.status ?? null,
      runDuration: run?.startedAt && run.endedAt ? seconds(run.endedAt - run.startedAt) : null,
    };
  });
  return { __typename: "PartitionStatuses", results };
}

const PartitionSet = builder.objectRef<SetModel>("PartitionSet").implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ job }) => `${job.location.name}:${partitionSetName(job.def.name)}` }),
    name: t.string({ resolve: ({ job }) => partitionSetName(job.def.name) }),
    pipelineName: t.string({ resolve: ({ job }) => job.def.name }),
    solidSelection: t.stringList({ nullable: true, resolve: () => null }),
    mode: t.string({ resolve: () => "default" }),
    partitionsOrError: t.field({
      type: PartitionsOrError,
      args: { cursor: t.arg.string(), limit: t.arg.int(), reverse: t.arg.boolean() },
      resolve: async ({ job }, { cursor, limit, reverse }, ctx) => {
        const keys = await keysOfJob(ctx, job);
        const ordered = reverse ? keys.reverse() : keys;
        const from = cursor ? ordered.indexOf(cursor) + 1 : 0;
        const page = ordered.slice(from, limit ? from + limit : undefined);
        return { __typename: "Partitions" as const, results: page.map((name) => ({ name, job })) };
      },
    }),
    partition: t.field({
      type: Partition,
      nullable: true,
      args: { partitionName: t.arg.string({ required: true }) },
      resolve: async ({ job }, { partitionName }, ctx) =>
        (await keysOfJob(ctx, job)).includes(partitionName) ? { name: partitionName, job } : null,
    }),
    partitionStatusesOrError: t.field({
      type: PartitionStatusesOrError,
      resolve: ({ job }, _args, ctx) => statuses(ctx, job),
    }),
    partitionRuns: t.field({
      type: [PartitionRun],
      resolve: async ({ job }, _args, ctx) =>
        (await statuses(ctx, job)).results.map(({ id, partitionName, runId }) => ({
          id,
          partitionName,
          runId,
        })),
    }),
    repositoryOrigin: t.field({
      type: RepositoryOrigin,
      resolve: ({ job }) => ({ location: job.location.name, repository: REPOSITORY }),
    }),
    hasLaunchBackfillPermission: t.boolean({ resolve: () => true }),
    hasCancelBackfillPermission: t.boolean({ resolve: () => true }),
    backfills: t.field({
      type: [PartitionBackfill],
      args: { cursor: t.arg.string(), limit: t.arg.int() },
      resolve: async ({ job }, { cursor, limit }, ctx) => {
        const found = await ctx.storage.backfills.list(
          { location: job.location.name, job: job.def.name },
          { limit: limit ?? 100, cursor: cursor ?? undefined },
        );
        return found.map(backfillModel);
      },
    }),
  }),
});
const PartitionSetOrError = builder.unionType("PartitionSetOrError", {
  types: [PartitionSet, PartitionSetNotFoundError, PythonError],
  resolveType: byTypename,
});
const PartitionSets = builder
  .objectRef<{ __typename: "PartitionSets"; results: SetModel[] }>("PartitionSets")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [PartitionSet] }) }) });
const PartitionSetsOrError = builder.unionType("PartitionSetsOrError", {
  types: [PartitionSets, PipelineNotFoundError, PythonError],
  resolveType: byTypename,
});

const setOf = (job: JobModel | undefined): SetModel[] =>
  job && partitionsOfJob(job) ? [{ __typename: "PartitionSet", job }] : [];

builder.queryFields((t) => ({
  partitionSetsOrError: t.field({
    type: PartitionSetsOrError,
    args: {
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
      pipelineName: t.arg.string({ required: true }),
    },
    resolve: (_root, { repositorySelector, pipelineName }, ctx) => {
      const job = ctx.index.locations.get(repositorySelector.repositoryLocationName)?.jobs.get(pipelineName);
      if (!job) return jobNotFound({ ...repositorySelector, pipelineName });
      return { __typename: "PartitionSets" as const, results: setOf(job) };
    },
  }),
  partitionSetOrError: t.field({
    type: PartitionSetOrError,
    args: {
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
      partitionSetName: t.arg.string(),
    },
    resolve: (_root, { repositorySelector, partitionSetName: given }, ctx) => {
      const name = given ?? "";
      const location = ctx.index.locations.get(repositorySelector.repositoryLocationName);
      const [found] = setOf(location?.jobs.get(name.replace(/_partition_set$/, "")));
      if (found) return found;
      return {
        __typename: "PartitionSetNotFoundError" as const,
        partitionSetName: name,
        message: `Partition set ${name} does not exist in code location ${repositorySelector.repositoryLocationName}: it is named after a partitioned job, as <job>_partition_set.`,
      };
    },
  }),
}));
