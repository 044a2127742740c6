/** Assets as they were made: state and history, whether or not a definition is left. */
import { type AssetNodeModel, assetId } from "../definitions/location-index.ts";
import { history } from "./asset-node.ts";
import { builder, byTypename } from "./builder.ts";
import { AssetCheckExecution } from "./check.ts";
import type { Context } from "./context.ts";
import { AssetNotFoundError, PythonError } from "./errors.ts";
import { AssetGroupSelector, AssetKeyInput, PipelineSelector } from "./inputs.ts";
import {
  Asset,
  AssetKey,
  type AssetModel,
  AssetNode,
  assetModel,
  MaterializationEvent,
  ObservationEvent,
  Repository,
  Run,
  runModel,
} from "./refs.ts";
import { seconds } from "./time.ts";

Asset.implement({
  fields: (t) => ({
    id: t.string({ resolve: ({ key }) => JSON.stringify(key) }),
    key: t.expose("key", { type: AssetKey }),
    assetMaterializations: t.field({
      type: [MaterializationEvent],
      args: {
        partitions: t.arg.stringList(),
        beforeTimestampMillis: t.arg.string(),
        afterTimestampMillis: t.arg.string(),
        limit: t.arg.int(),
      },
      resolve: ({ key }, args, ctx) => history(ctx.storage.assets, key, "materialization", args),
    }),
    assetObservations: t.field({
      type: [ObservationEvent],
      args: {
        partitions: t.arg.stringList(),
        beforeTimestampMillis: t.arg.string(),
        afterTimestampMillis: t.arg.string(),
        limit: t.arg.int(),
      },
      resolve: ({ key }, args, ctx) => history(ctx.storage.assets, key, "observation", args),
    }),
    definition: t.field({
      type: AssetNode,
      nullable: true,
      resolve: ({ key }, _args, ctx) => ctx.index.assets.get(assetId(key)) ?? null,
    }),
    latestMaterializationTimestamp: t.float({
      nullable: true,
      resolve: async ({ key }, _args, ctx) =>
        seconds((await ctx.assetStates.get(assetId(key)))?.lastMaterialization?.event.ts),
    }),
    latestObservationTimestamp: t.float({
      nullable: true,
      resolve: async ({ key }, _args, ctx) =>
        seconds((await ctx.assetStates.get(assetId(key)))?.lastObservation?.event.ts),
    }),
    hasDefinitionOrRecord: t.boolean({
      resolve: async ({ key }, _args, ctx) =>
        ctx.index.assets.has(assetId(key)) || (await ctx.assetStates.get(assetId(key))) !== null,
    }),
  }),
});

interface Connection {
  __typename: "AssetConnection";
  nodes: AssetModel[];
  cursor: string | null;
}
const AssetConnection = builder.objectRef<Connection>("AssetConnection").implement({
  fields: (t) => ({
    nodes: t.expose("nodes", { type: [Asset] }),
    cursor: t.exposeString("cursor", { nullable: true }),
  }),
});
export const AssetsOrError = builder.unionType("AssetsOrError", {
  types: [AssetConnection, PythonError],
  resolveType: byTypename,
});
const AssetOrError = builder.unionType("AssetOrError", {
  types: [Asset, AssetNotFoundError],
  resolveType: byTypename,
});
const AssetNodeOrError = builder.unionType("AssetNodeOrError", {
  types: [AssetNode, AssetNotFoundError],
  resolveType: byTypename,
});
const AssetRecord = builder.objectRef<AssetModel>("AssetRecord").implement({
  fields: (t) => ({
    id: t.string({ resolve: ({ key }) => JSON.stringify(key) }),
    key: t.expose("key", { type: AssetKey }),
  }),
});
interface RecordConnection {
  __typename: "AssetRecordConnection";
  assets: AssetModel[];
  cursor: string | null;
}
const AssetRecordConnection = builder.objectRef<RecordConnection>("AssetRecordConnection").implement({
  fields: (t) => ({
    assets: t.expose("assets", { type: [AssetRecord] }),
    cursor: t.exposeString("cursor", { nullable: true }),
  }),
});
const AssetRecordsOrError = builder.unionType("AssetRecordsOrError", {
  types: [AssetRecordConnection, PythonError],
  resolveType: byTypename,
});

/** Every asset defined or ever made, by path. The cursor is the JSON of the last key. */
async function listAssets(
  ctx: Context,
  args: {
    prefix?: string[] | null | undefined;
    cursor?: string | null | undefined;
    limit?: number | null | undefined;
  },
) {
  const keys = new Map<string, string[]>(
    [...ctx.index.assets.values()].map((node) => [node.id, node.def.key]),
  );
  for (const { key } of await ctx.storage.assets.states()) keys.set(assetId(key), key);
  const after = args.cursor ? assetId(JSON.parse(args.cursor) as string[]) : "";
  const prefix = args.prefix ?? [];
  const chosen = [...keys]
    .filter(([id, key]) => id > after && prefix.every((part, i) => key[i] === part))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, args.limit ?? undefined)
    .map(([, key]) => assetModel(key));
  const last = chosen.at(-1);
  return { assets: chosen, cursor: last ? JSON.stringify(last.key) : null };
}
const notFound = (key: string[]) => ({
  __typename: "AssetNotFoundError" as const,
  message: `Asset ${assetId(key)} is neither defined in a loaded code location nor was it ever materialized.`,
});

interface LatestInfo {
  key: string[];
}
const AssetLatestInfo = builder.objectRef<LatestInfo>("AssetLatestInfo").implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ key }) => JSON.stringify(key) }),
    assetKey: t.expose("key", { type: AssetKey }),
    latestMaterialization: t.field({
      type: MaterializationEvent,
      nullable: true,
      resolve: async ({ key }, _args, ctx) =>
        (await ctx.assetStates.get(assetId(key)))?.lastMaterialization ?? null,
    }),
    unstartedRunIds: t.stringList({
      resolve: async ({ key }, _args, ctx) => runsInProgress(ctx, key, false),
    }),
    inProgressRunIds: t.stringList({
      resolve: async ({ key }, _args, ctx) => runsInProgress(ctx, key, true),
    }),
    latestRun: t.field({
      type: Run,
      nullable: true,
      resolve: async ({ key }, _args, ctx) => {
        const id = (await ctx.assetStates.get(assetId(key)))?.lastRunId;
        const run = id ? await ctx.runs.get(id) : null;
        return run ? runModel(run) : null;
      },
    }),
  }),
});
const STARTED = new Set(["STARTED", "CANCELING"]);
async function runsInProgress(ctx: Context, key: string[], started: boolean): Promise<string[]> {
  const ids = (await ctx.assetStates.get(assetId(key)))?.inProgressRunIds ?? [];
  const runs = await Promise.all(ids.map((id) => ctx.runs.get(id)));
  return runs.flatMap((run) => (run && STARTED.has(run.status) === started ? [run.runId] : []));
}

const AssetNodeDefinitionCollision = builder
  .objectRef<{ key: string[]; nodes: AssetNodeModel[] }>("AssetNodeDefinitionCollision")
  .implement({
    fields: (t) => ({
      assetKey: t.expose("key", { type: AssetKey }),
      repositories: t.field({
        type: [Repository],
        resolve: ({ nodes }) => nodes.map((node) => node.location),
      }),
    }),
  });

builder.queryFields((t) => ({
  assetsOrError: t.field({
    type: AssetsOrError,
    args: {
      prefix: t.arg.stringList(),
      assetKeys: t.arg({ type: [AssetKeyInput] }),
      cursor: t.arg.string(),
      limit: t.arg.int(),
    },
    resolve: async (_root, args, ctx) => {
      if (args.assetKeys)
        return {
          __typename: "AssetConnection" as const,
          nodes: args.assetKeys.map(({ path }) => assetModel(path)),
          cursor: null,
        };
      const { assets, cursor } = await listAssets(ctx, args);
      return { __typename: "AssetConnection" as const, nodes: assets, cursor };
    },
  }),
  assetRecordsOrError: t.field({
    type: AssetRecordsOrError,
    args: { prefix: t.arg.stringList(), cursor: t.arg.string(), limit: t.arg.int() },
    resolve: async (_root, args, ctx) => ({
      __typename: "AssetRecordConnection" as const,
      ...(await listAssets(ctx, args)),
    }),
  }),
  assetOrError: t.field({
    type: AssetOrError,
    args: { assetKey: t.arg({ type: AssetKeyInput, required: true }) },
    resolve: async (_root, { assetKey: { path } }, ctx) => {
      const known =
        ctx.index.assets.has(assetId(path)) || (await ctx.assetStates.get(assetId(path))) !== null;
      return known ? assetModel(path) : notFound(path);
    },
  }),
  assetNodes: t.field({
    type: [AssetNode],
    args: {
      group: t.arg({ type: AssetGroupSelector }),
      pipeline: t.arg({ type: PipelineSelector }),
      assetKeys: t.arg({ type: [AssetKeyInput] }),
      loadMaterializations: t.arg.boolean(),
    },
    resolve: (_root, { group, pipeline, assetKeys }, ctx) => {
      if (assetKeys) return assetKeys.flatMap(({ path }) => ctx.index.assets.get(assetId(path)) ?? []);
      const all = [...ctx.index.assets.values()];
      if (group)
        return all.filter(
          (node) => node.def.group === group.groupName && node.location.name === group.repositoryLocationName,
        );
      if (!pipeline) return all;
      const job = ctx.index.locations.get(pipeline.repositoryLocationName)?.jobs.get(pipeline.pipelineName);
      const keys = job?.def.target.kind === "assets" ? job.def.target.assets : [];
      return keys.flatMap((key) => job?.location.assets.get(assetId(key)) ?? []);
    },
  }),
  assetNodeOrError: t.field({
    type: AssetNodeOrError,
    args: { assetKey: t.arg({ type: AssetKeyInput, required: true }) },
    resolve: (_root, { assetKey: { path } }, ctx) => ctx.index.assets.get(assetId(path)) ?? notFound(path),
  }),
  assetNodeDefinitionCollisions: t.field({
    type: [AssetNodeDefinitionCollision],
    args: { assetKeys: t.arg({ type: [AssetKeyInput], required: true }) },
    resolve: (_root, { assetKeys }, ctx) =>
      assetKeys.flatMap(({ path }) => {
        const nodes = [...ctx.index.locations.values()].flatMap(
          (location) => location.assets.get(assetId(path)) ?? [],
        );
        const runnable = nodes.filter((node) => node.def.kind !== "external");
        return runnable.length > 1 ? [{ key: path, nodes: runnable }] : [];
      }),
  }),
  assetNodeAdditionalRequiredKeys: t.field({
    type: [AssetKey],
    args: { assetKeys: t.arg({ type: [AssetKeyInput], required: true }) },
    description: "Assets that must be made along, because one computation makes them all.",
    resolve: (_root, { assetKeys }, ctx) => {
      const chosen = new Set(assetKeys.map(({ path }) => assetId(path)));
      const nodes = [...chosen].flatMap((id) => ctx.index.assets.get(id) ?? []);
      const siblings = nodes.flatMap((node) =>
        node.def.node && !node.def.canSubset ? (node.location.assetsOfNode.get(node.def.node) ?? []) : [],
      );
      return [
        ...new Map(
          siblings.filter((node) => !chosen.has(node.id)).map((node) => [node.id, node.def.key]),
        ).values(),
      ];
    },
  }),
  assetsLatestInfo: t.field({
    type: [AssetLatestInfo],
    args: { assetKeys: t.arg({ type: [AssetKeyInput], required: true }) },
    resolve: (_root, { assetKeys }) => assetKeys.map(({ path }) => ({ key: path })),
  }),
  assetCheckExecutions: t.field({
    type: [AssetCheckExecution],
    args: {
      assetKey: t.arg({ type: AssetKeyInput, required: true }),
      checkName: t.arg.string({ required: true }),
      partition: t.arg.string(),
      limit: t.arg.int({ required: true }),
      cursor: t.arg.string(),
    },
    resolve: async (_root, args, ctx) => {
      const before = args.cursor ? Number(args.cursor) : undefined;
      const records = await ctx.storage.assets.checkHistory(args.assetKey.path, args.checkName, {
        limit: args.limit,
        before,
      });
      return args.partition ? records.filter((record) => record.event.partition === args.partition) : records;
    },
  }),
}));
