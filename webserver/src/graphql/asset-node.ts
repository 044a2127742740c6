/** An asset as it is defined. Most fields come from the snapshot and are synchronous, since a page asks for thousands. */
import type { AssetStorage } from "@dagster-operator/engine";
import { type AssetNodeModel, assetId, type JobModel } from "../definitions/location-index.ts";
import { keysOf } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import { AssetCheckOrError, AssetChecksOrError } from "./check.ts";
import { definitionMetadata } from "./definition-metadata.ts";
import { StaleStatus } from "./enums.ts";
import { PipelineSelector } from "./inputs.ts";
import { DimensionPartitionKeys, dimensionKeys, PartitionDefinition } from "./partition.ts";
import {
  AssetPartitionStatuses,
  PartitionStats,
  partitionStats,
  partitionStatuses,
} from "./partition-status.ts";
import {
  AssetKey,
  AssetNode,
  DefinitionTag,
  type EventModel,
  MaterializationEvent,
  MetadataEntry,
  ObservationEvent,
  Pipeline,
  Repository,
  Run,
  runModel,
  Schedule,
  Sensor,
  tagModels,
} from "./refs.ts";
import { ResourceRequirement, SolidDefinition } from "./solid.ts";
import { StaleCause, stalenessOf, versionOf } from "./staleness.ts";

interface Dependency {
  node: AssetNodeModel;
  mapping: string | null;
}
const PartitionMapping = builder.objectRef<string>("PartitionMapping").implement({
  fields: (t) => ({
    className: t.string({ resolve: (kind) => kind }),
    description: t.string({ resolve: (kind) => `Partitions are mapped by "${kind}".` }),
  }),
});
const AssetDependency = builder.objectRef<Dependency>("AssetDependency").implement({
  fields: (t) => ({
    asset: t.field({ type: AssetNode, resolve: ({ node }) => node }),
    partitionMapping: t.field({ type: PartitionMapping, nullable: true, resolve: ({ mapping }) => mapping }),
  }),
});
type Owner = { __typename: "UserAssetOwner"; email: string } | { __typename: "TeamAssetOwner"; team: string };
const UserAssetOwner = builder
  .objectRef<Extract<Owner, { email: string }>>("UserAssetOwner")
  .implement({ fields: (t) => ({ email: t.exposeString("email") }) });
const TeamAssetOwner = builder
  .objectRef<Extract<Owner, { team: string }>>("TeamAssetOwner")
  .implement({ fields: (t) => ({ team: t.exposeString("team") }) });
const AssetOwner = builder.unionType("AssetOwner", {
  types: [UserAssetOwner, TeamAssetOwner],
  resolveType: byTypename,
});
const ownerOf = (owner: string): Owner =>
  owner.startsWith("team:")
    ? { __typename: "TeamAssetOwner", team: owner.slice("team:".length) }
    : { __typename: "UserAssetOwner", email: owner };
const BackfillPolicy = builder.objectRef<{ maxPartitionsPerRun: number | null }>("BackfillPolicy").implement({
  fields: (t) => ({
    maxPartitionsPerRun: t.exposeInt("maxPartitionsPerRun", { nullable: true }),
    description: t.string({
      resolve: ({ maxPartitionsPerRun: max }) =>
        max === null
          ? "Backfills all partitions in one run"
          : `Backfills in runs of at most ${max} partitions`,
    }),
  }),
});
const Instigator = builder.unionType("Instigator", { types: [Schedule, Sensor], resolveType: byTypename });

/** Newest first, strictly before a time. Storage pages by event id, so one late clock does not hide an event. */
export async function history(
  assets: AssetStorage,
  key: string[],
  kind: "materialization" | "observation",
  args: {
    limit?: number | null | undefined;
    beforeTimestampMillis?: string | null | undefined;
    afterTimestampMillis?: string | null | undefined;
    partitions?: string[] | null | undefined;
  },
): Promise<EventModel[]> {
  const limit = Math.min(args.limit ?? 1000, 1000);
  const before = args.beforeTimestampMillis ? Number(args.beforeTimestampMillis) : Number.POSITIVE_INFINITY;
  const after = args.afterTimestampMillis ? Number(args.afterTimestampMillis) : Number.NEGATIVE_INFINITY;
  const found: EventModel[] = [];
  let cursor: number | undefined;
  while (found.length < limit) {
    const want = Math.max(limit - found.length, before < Number.POSITIVE_INFINITY ? 100 : 1);
    const page = await assets.history(key, {
      kind,
      limit: want,
      before: cursor,
      partitions: args.partitions ?? undefined,
    });
    for (const record of page) {
      if (record.event.ts < before && record.event.ts > after && found.length < limit) found.push(record);
      cursor = record.id;
    }
    const oldest = page.at(-1);
    if (page.length < want || (oldest && oldest.event.ts <= after)) break;
  }
  return found;
}

const jobsOfAsset = ({ id, location }: AssetNodeModel): string[] => location.jobsOfAsset.get(id) ?? [];
AssetNode.implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ id, location }) => `${location.name}.${id}` }),
    assetKey: t.field({ type: AssetKey, resolve: ({ def }) => def.key }),
    description: t.string({
      nullable: true,
      args: { characterLimit: t.arg.int() },
      resolve: ({ def }, { characterLimit }) =>
        (characterLimit ? def.description?.slice(0, characterLimit) : def.description) ?? null,
    }),
    groupName: t.string({ resolve: ({ def }) => def.group }),
    kinds: t.stringList({ resolve: ({ def }) => def.kinds }),
    computeKind: t.string({ nullable: true, resolve: ({ def }) => def.kinds[0] ?? null }),
    owners: t.field({ type: [AssetOwner], resolve: ({ def }) => def.owners.map(ownerOf) }),
    tags: t.field({ type: [DefinitionTag], resolve: ({ def }) => tagModels(def.tags) }),
    metadataEntries: t.field({
      type: [MetadataEntry],
      resolve: ({ def }) => definitionMetadata(def.metadata),
    }),
    dependencyKeys: t.field({
      type: [AssetKey],
      // An asset may take two inputs from one upstream.
      resolve: ({ def }) => [...new Map(def.deps.map(({ key }) => [JSON.stringify(key), key])).values()],
    }),
    dependedByKeys: t.field({
      type: [AssetKey],
      resolve: ({ id }, _args, ctx) => ctx.index.dependedBy.get(id) ?? [],
    }),
    dependencies: t.field({
      type: [AssetDependency],
      resolve: ({ def }, _args, ctx) =>
        def.deps.flatMap((dep): Dependency[] => {
          const node = ctx.index.assets.get(assetId(dep.key));
          return node ? [{ node, mapping: dep.mapping?.kind ?? null }] : [];
        }),
    }),
    dependedBy: t.field({
      type: [AssetDependency],
      resolve: ({ id }, _args, ctx) =>
        (ctx.index.dependedBy.get(id) ?? []).flatMap((key): Dependency[] => {
          const node = ctx.index.assets.get(assetId(key));
          const dep = node?.def.deps.find((candidate) => assetId(candidate.key) === id);
          return node ? [{ node, mapping: dep?.mapping?.kind ?? null }] : [];
        }),
    }),
    isExecutable: t.boolean({ resolve: ({ def }) => def.kind !== "external" }),
    isMaterializable: t.boolean({ resolve: ({ def }) => def.kind === "materializable" }),
    isObservable: t.boolean({ resolve: ({ def }) => def.kind === "observable" }),
    isPartitioned: t.boolean({ resolve: ({ def }) => def.partitions !== null }),
    isVirtual: t.boolean({ resolve: () => false }),
    isAutoCreatedStub: t.boolean({ resolve: () => false }),
    hasAssetChecks: t.boolean({ resolve: ({ id, location }) => location.checksOfAsset.has(id) }),
    hasMaterializePermission: t.boolean({ resolve: ({ def }) => def.kind !== "external" }),
    hasWipePermission: t.boolean({ resolve: () => true }),
    hasReportRunlessAssetEventPermission: t.boolean({ resolve: () => true }),
    jobNames: t.stringList({ resolve: jobsOfAsset }),
    jobs: t.field({
      type: [Pipeline],
      resolve: (node): JobModel[] => jobsOfAsset(node).flatMap((name) => node.location.jobs.get(name) ?? []),
    }),
    graphName: t.string({
      nullable: true,
      resolve: ({ def, location }) =>
        def.node && location.nodes.get(def.node)?.kind === "graph" ? def.node : null,
    }),
    op: t.field({
      type: SolidDefinition,
      nullable: true,
      resolve: ({ def, location }) => {
        const node = def.node ? location.nodes.get(def.node) : undefined;
        const job = [...location.jobs.values()][0];
        return node?.kind === "op" && job ? { __typename: "SolidDefinition" as const, def: node, job } : null;
      },
    }),
    opName: t.string({ nullable: true, resolve: ({ def }) => def.node }),
    opNames: t.stringList({ resolve: ({ def }) => (def.node ? [def.node] : []) }),
    opVersion: t.string({ nullable: true, resolve: ({ def }) => def.codeVersion ?? null }),
    pools: t.stringList({
      resolve: ({ def, location }) => {
        const node = def.node ? location.nodes.get(def.node) : undefined;
        return node?.kind === "op" && node.pool ? [node.pool] : [];
      },
    }),
    requiredResources: t.field({
      type: [ResourceRequirement],
      resolve: ({ def, location }) => {
        const node = def.node ? location.nodes.get(def.node) : undefined;
        const own = node?.kind === "op" ? node.resources : [];
        return def.kind === "external" ? [] : [...new Set([def.ioManager, ...own])];
      },
    }),
    backfillPolicy: t.field({
      type: BackfillPolicy,
      nullable: true,
      resolve: ({ def }) => def.backfillPolicy ?? null,
    }),
    partitionDefinition: t.field({
      type: PartitionDefinition,
      nullable: true,
      resolve: ({ def }) => def.partitions,
    }),
    partitionKeys: t.stringList({ resolve: ({ def }, _args, ctx) => keysOf(ctx, def.partitions) }),
    partitionKeysByDimension: t.field({
      type: [DimensionPartitionKeys],
      args: { startIdx: t.arg.int(), endIdx: t.arg.int() },
      resolve: async ({ def }, { startIdx, endIdx }, ctx) =>
        (await dimensionKeys(ctx, def.partitions)).map((dimension) => ({
          ...dimension,
          partitionKeys: dimension.partitionKeys.slice(startIdx ?? 0, endIdx ?? undefined),
        })),
    }),
    partitionStats: t.field({
      type: PartitionStats,
      nullable: true,
      resolve: (node, _args, ctx) => partitionStats(ctx, node),
    }),
    assetPartitionStatuses: t.field({
      type: AssetPartitionStatuses,
      resolve: (node, _args, ctx) => partitionStatuses(ctx, node),
    }),
    assetMaterializations: t.field({
      type: [MaterializationEvent],
      args: { partitions: t.arg.stringList(), beforeTimestampMillis: t.arg.string(), limit: t.arg.int() },
      resolve: async ({ id, def }, args, ctx) => {
        // The newest alone is in the folded state, which a page asks for many assets at once.
        if (args.limit === 1 && !args.partitions && !args.beforeTimestampMillis) {
          const last = (await ctx.assetStates.get(id))?.lastMaterialization;
          return last ? [last] : [];
        }
        return history(ctx.storage.assets, def.key, "materialization", args);
      },
    }),
    assetObservations: t.field({
      type: [ObservationEvent],
      args: { partitions: t.arg.stringList(), beforeTimestampMillis: t.arg.string(), limit: t.arg.int() },
      resolve: ({ def }, args, ctx) => history(ctx.storage.assets, def.key, "observation", args),
    }),
    latestRunForPartition: t.field({
      type: Run,
      nullable: true,
      args: { partition: t.arg.string({ required: true }) },
      resolve: async ({ def }, { partition }, ctx) => {
        const tags = [{ key: "dagster/partition", values: [partition] }];
        const [run] = await ctx.storage.runs.list({ asset: def.key, tags }, { limit: 1 });
        return run ? runModel(run) : null;
      },
    }),
    staleStatus: t.field({
      type: StaleStatus,
      nullable: true,
      args: { partition: t.arg.string() },
      resolve: async (node, { partition }, ctx) => (await stalenessOf(ctx, node, partition ?? null)).status,
    }),
    staleStatusByPartition: t.field({
      type: [StaleStatus],
      args: { partitions: t.arg.stringList() },
      resolve: (node, { partitions }, ctx) =>
        Promise.all(
          (partitions ?? []).map(async (partition) => (await stalenessOf(ctx, node, partition)).status),
        ),
    }),
    staleCauses: t.field({
      type: [StaleCause],
      args: { partition: t.arg.string() },
      resolve: async (node, { partition = null }, ctx) => (await stalenessOf(ctx, node, partition)).causes,
    }),
    dataVersion: t.string({
      nullable: true,
      args: { partition: t.arg.string() },
      resolve: async (node, { partition }, ctx) => versionOf(await stalenessOf(ctx, node, partition ?? null)),
    }),
    assetChecksOrError: t.field({
      type: AssetChecksOrError,
      args: { limit: t.arg.int(), pipeline: t.arg({ type: PipelineSelector }) },
      resolve: ({ id, location }, { limit }) => ({
        __typename: "AssetChecks" as const,
        checks: (location.checksOfAsset.get(id) ?? []).slice(0, limit ?? undefined),
      }),
    }),
    assetCheckOrError: t.field({
      type: AssetCheckOrError,
      args: { checkName: t.arg.string({ required: true }) },
      resolve: ({ id, location }, { checkName }) =>
        location.checksOfAsset.get(id)?.find((check) => check.def.name === checkName) ?? {
          __typename: "AssetCheckNotFoundError" as const,
          message: `Asset ${id} has no check ${checkName}.`,
        },
    }),
    repository: t.field({ type: Repository, resolve: ({ location }) => location }),
    targetingInstigators: t.field({
      type: [Instigator],
      resolve: (node) => {
        const jobs = new Set(jobsOfAsset(node));
        const schedules = [...node.location.schedules.values()].filter((schedule) =>
          jobs.has(schedule.def.job),
        );
        const sensors = [...node.location.sensors.values()].filter(
          (sensor) =>
            sensor.def.jobs.some((job) => jobs.has(job)) ||
            sensor.def.assets.some((key) => assetId(key) === node.id) ||
            sensor.def.checks?.some(({ asset }) => assetId(asset) === node.id),
        );
        return [...schedules, ...sensors];
      },
    }),
  }),
});
