/** Jobs. Dagster's schema knows them under two names, `Pipeline` and `Job`; here both are one implementation. */
import type { JobModel } from "../definitions/location-index.ts";
import { keysOfJob } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import { AssetKeyInput } from "./inputs.ts";
import {
  Job,
  MetadataEntry,
  Pipeline,
  PipelineTag,
  Repository,
  Run,
  runModel,
  Schedule,
  Sensor,
  tagModels,
} from "./refs.ts";
import { defaultRunConfigYaml } from "./run.ts";
import { handlesOf, Mode, Solid, SolidHandle, solidHandle, solidsOf } from "./solid.ts";

const jobId = ({ def, location }: JobModel): string => `${location.name}:${def.name}`;
const IPipelineSnapshot = builder.interfaceRef<JobModel>("IPipelineSnapshot").implement({
  resolveType: byTypename,
  fields: (t) => ({
    name: t.string({ resolve: ({ def }) => def.name }),
    description: t.string({ nullable: true, resolve: ({ def }) => def.description ?? null }),
    pipelineSnapshotId: t.string({ resolve: (job) => `${job.location.snapshot.hash}:${job.def.name}` }),
    solids: t.field({ type: [Solid], resolve: solidsOf }),
    modes: t.field({ type: [Mode], resolve: (job) => [job] }),
    solidHandles: t.field({
      type: [SolidHandle],
      args: {
        parentHandleID: t.arg.string({
          description: "Only what lies directly in this graph; empty = at the top.",
        }),
      },
      resolve: (job, { parentHandleID }) => handlesOf(job, parentHandleID ?? null),
    }),
    solidHandle: t.field({
      type: SolidHandle,
      nullable: true,
      args: { handleID: t.arg.string({ required: true }) },
      resolve: (job, { handleID }) => solidHandle(job, handleID),
    }),
    tags: t.field({ type: [PipelineTag], resolve: ({ def }) => tagModels(def.tags) }),
    metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }),
    runs: t.field({
      type: [Run],
      args: { cursor: t.arg.string(), limit: t.arg.int() },
      resolve: async ({ def, location }, args, ctx) => {
        const runs = await ctx.storage.runs.list(
          { job: def.name, location: location.name },
          { limit: args.limit ?? 100, cursor: args.cursor ?? undefined },
        );
        return runs.map(runModel);
      },
    }),
    schedules: t.field({
      type: [Schedule],
      resolve: ({ def, location }) =>
        [...location.schedules.values()].filter((schedule) => schedule.def.job === def.name),
    }),
    sensors: t.field({
      type: [Sensor],
      resolve: ({ def, location }) =>
        [...location.sensors.values()].filter((sensor) => sensor.def.jobs.includes(def.name)),
    }),
    parentSnapshotId: t.string({ nullable: true, resolve: () => null }),
    graphName: t.string({
      resolve: ({ def }) => (def.target.kind === "graph" ? def.target.graph : def.name),
    }),
  }),
});

const PartitionKeys = builder
  .objectRef<{ partitionKeys: string[] }>("PartitionKeys")
  .implement({ fields: (t) => ({ partitionKeys: t.exposeStringList("partitionKeys") }) });

for (const ref of [Pipeline, Job])
  ref.implement({
    interfaces: [IPipelineSnapshot],
    fields: (t) => ({
      id: t.id({ resolve: jobId }),
      isJob: t.boolean({ resolve: () => true }),
      isAssetJob: t.boolean({ resolve: ({ def }) => def.target.kind === "assets" }),
      repository: t.field({ type: Repository, resolve: ({ location }) => location }),
      runTags: t.field({ type: [PipelineTag], resolve: ({ def }) => tagModels(def.tags) }),
      externalJobSource: t.string({ nullable: true, resolve: () => null }),
      partitionKeysOrError: t.field({
        type: PartitionKeys,
        args: {
          cursor: t.arg.string(),
          limit: t.arg.int(),
          reverse: t.arg.boolean(),
          selectedAssetKeys: t.arg({ type: [AssetKeyInput] }),
        },
        resolve: async (job, args, ctx) => {
          const all = await keysOfJob(
            ctx,
            job,
            args.selectedAssetKeys?.map((key) => key.path),
          );
          const ordered = args.reverse ? [...all].reverse() : all;
          const from = args.cursor ? ordered.indexOf(args.cursor) + 1 : 0;
          return { partitionKeys: ordered.slice(from, args.limit ? from + args.limit : undefined) };
        },
      }),
      hasLaunchExecutionPermission: t.boolean({ resolve: () => true }),
      hasLaunchReexecutionPermission: t.boolean({ resolve: () => true }),
      nodeNames: t.stringList({ resolve: (job) => solidsOf(job).map((solid) => solid.name) }),
      runConfigJsonSchema: t.string({
        description: "JSON Schema (draft 2020-12) of the whole run config, as text.",
        resolve: ({ def }) => JSON.stringify(def.runConfigSchema),
      }),
      defaultRunConfigYaml: t.string({ resolve: ({ def }) => defaultRunConfigYaml(def) }),
    }),
  });

/** Jobs that a page lists: the implicit one last, as it is none that a person wrote. */
export const jobsOf = (location: JobModel["location"]): JobModel[] =>
  [...location.jobs.values()].sort(
    (a, b) => Number(a.def.implicit) - Number(b.def.implicit) || (a.def.name < b.def.name ? -1 : 1),
  );
