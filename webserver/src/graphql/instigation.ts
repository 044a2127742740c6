/** Schedules, sensors and their ticks. */
import type { InstigatorId, TickStatus } from "@dagster-operator/engine";
import { assetId, REPOSITORY, type ScheduleModel, type SensorModel } from "../definitions/location-index.ts";
import { scheduleTimes } from "../definitions/schedule-times.ts";
import { AssetsOrError } from "./asset.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { DryRunTick } from "./dry-run-tick.ts";
import { InstigationStatus, InstigationTickStatus, InstigationType, SensorType } from "./enums.ts";
import {
  Asset,
  AssetCheckHandle,
  AssetKey,
  assetModel,
  DefinitionTag,
  type InstigationModel,
  InstigationState,
  MetadataEntry,
  Run,
  runModel,
  Schedule,
  Sensor,
  tagModels,
} from "./refs.ts";
import { RepositoryOrigin } from "./repository-origin.ts";
import { sensorType } from "./sensor-type.ts";
import { InstigationTick } from "./tick.ts";
import { millis, seconds } from "./time.ts";

type Definition = ScheduleModel | SensorModel;
export const instigatorId = (of: Definition): InstigatorId => ({
  kind: of.__typename === "Schedule" ? "SCHEDULE" : "SENSOR",
  location: of.location.name,
  name: of.def.name,
});
/** One string for an instigator: the id that pages send back to stop it. */
export const selectorId = ({ kind, location, name }: InstigatorId): string => `${kind}:${location}:${name}`;
export const parseSelectorId = (id: string): InstigatorId | null => {
  const match = /^(SCHEDULE|SENSOR):([^:]*):(.*)$/.exec(id);
  return match
    ? { kind: match[1] as InstigatorId["kind"], location: match[2] as string, name: match[3] as string }
    : null;
};
export async function instigation(ctx: Context, of: Definition): Promise<InstigationModel> {
  const state = (await ctx.instigators()).get(selectorId(instigatorId(of))) ?? null;
  return { __typename: "InstigationState", of, state };
}
export const statusOf = ({ of, state }: InstigationModel): "RUNNING" | "STOPPED" =>
  state?.status ?? of.def.defaultStatus;

const ScheduleData = builder
  .objectRef<{ __typename: "ScheduleData"; model: InstigationModel }>("ScheduleData")
  .implement({
    fields: (t) => ({
      cronSchedule: t.string({
        resolve: ({ model: { of } }) => (of.__typename === "Schedule" ? of.def.cron.join("\n") : ""),
      }),
      startTimestamp: t.float({ nullable: true, resolve: ({ model }) => seconds(model.state?.since) }),
    }),
  });
const SensorData = builder
  .objectRef<{ __typename: "SensorData"; model: InstigationModel }>("SensorData")
  .implement({
    fields: (t) => ({
      lastTickTimestamp: t.float({
        nullable: true,
        resolve: ({ model }) => seconds(model.state?.lastTickAt),
      }),
      lastRunKey: t.string({ nullable: true, resolve: ({ model }) => model.state?.lastRunKey ?? null }),
      lastCursor: t.string({ nullable: true, resolve: ({ model }) => model.state?.cursor ?? null }),
    }),
  });
const InstigationTypeSpecificData = builder.unionType("InstigationTypeSpecificData", {
  types: [SensorData, ScheduleData],
  resolveType: byTypename,
});

/** When it will be asked next, in ms; null while it is stopped. */
function nextTick(ctx: Context, model: InstigationModel): number | null {
  if (statusOf(model) !== "RUNNING") return null;
  const now = ctx.clock.now();
  if (model.of.__typename === "Schedule") return scheduleTimes(model.of.def, now, 1)[0] ?? null;
  const last = model.state?.lastTickAt;
  return last ? Math.max(now, last + model.of.def.minimumInterval * 1000) : now;
}
const STATUSES: Record<string, TickStatus> = {
  STARTED: "STARTED",
  SKIPPED: "SKIPPED",
  SUCCESS: "SUCCESS",
  FAILURE: "FAILURE",
};
InstigationState.implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ of }) => selectorId(instigatorId(of)) }),
    selectorId: t.string({ resolve: ({ of }) => selectorId(instigatorId(of)) }),
    name: t.string({ resolve: ({ of }) => of.def.name }),
    instigationType: t.field({ type: InstigationType, resolve: ({ of }) => instigatorId(of).kind }),
    status: t.field({ type: InstigationStatus, resolve: statusOf }),
    repositoryName: t.string({ resolve: () => REPOSITORY }),
    repositoryLocationName: t.string({ resolve: ({ of }) => of.location.name }),
    repositoryOrigin: t.field({
      type: RepositoryOrigin,
      resolve: ({ of }) => ({ location: of.location.name, repository: REPOSITORY }),
    }),
    typeSpecificData: t.field({
      type: InstigationTypeSpecificData,
      nullable: true,
      resolve: (model) =>
        model.of.__typename === "Schedule"
          ? { __typename: "ScheduleData" as const, model }
          : { __typename: "SensorData" as const, model },
    }),
    runs: t.field({
      type: [Run],
      args: { limit: t.arg.int() },
      resolve: async ({ of }, { limit }, ctx) =>
        (await ctx.storage.runs.list(launchedBy(of), { limit: limit ?? 100 })).map(runModel),
    }),
    runsCount: t.int({ resolve: ({ of }, _args, ctx) => ctx.storage.runs.count(launchedBy(of)) }),
    tick: t.field({
      type: InstigationTick,
      args: { tickId: t.arg.id({ required: true }) },
      resolve: async ({ of }, { tickId }, ctx) => {
        const [tick] = await ctx.storage.ticks.ticks(instigatorId(of), {
          limit: 1,
          before: Number(tickId) + 1,
        });
        if (String(tick?.id) !== String(tickId) || !tick)
          throw new Error(`Tick ${tickId} of ${of.def.name} does not exist.`);
        return tick;
      },
    }),
    ticks: t.field({
      type: [InstigationTick],
      args: {
        dayRange: t.arg.int(),
        dayOffset: t.arg.int(),
        limit: t.arg.int(),
        cursor: t.arg.string(),
        statuses: t.arg({ type: [InstigationTickStatus] }),
        beforeTimestamp: t.arg.float(),
        afterTimestamp: t.arg.float(),
      },
      resolve: async ({ of }, args, ctx) => {
        const day = 24 * 3600 * 1000;
        const offset = (args.dayOffset ?? 0) * day;
        const before =
          millis(args.beforeTimestamp) ??
          (args.dayOffset ? ctx.clock.now() - offset : Number.POSITIVE_INFINITY);
        const after =
          millis(args.afterTimestamp) ??
          (args.dayRange ? ctx.clock.now() - offset - args.dayRange * day : Number.NEGATIVE_INFINITY);
        const ticks = await ctx.storage.ticks.ticks(instigatorId(of), {
          limit: Math.min(args.limit ?? 100, 1000),
          before: args.cursor ? Number(args.cursor) : undefined,
          statuses: args.statuses?.flatMap((status) => STATUSES[status] ?? []),
        });
        return ticks.filter((tick) => tick.at < before && tick.at > after);
      },
    }),
    nextTick: t.field({
      type: DryRunTick,
      nullable: true,
      resolve: (model, _args, ctx) => {
        const at = nextTick(ctx, model);
        return at === null ? null : { __typename: "DryRunInstigationTick" as const, at, evaluate: null };
      },
    }),
    runningCount: t.int({ resolve: (model) => (statusOf(model) === "RUNNING" ? 1 : 0) }),
    hasStartPermission: t.boolean({ resolve: () => true }),
    hasStopPermission: t.boolean({ resolve: () => true }),
  }),
});
const launchedBy = (of: Definition) => ({
  location: of.location.name,
  tags: [
    {
      key: of.__typename === "Schedule" ? "dagster/schedule_name" : "dagster/sensor_name",
      values: [of.def.name],
    },
  ],
});

interface SelectionModel {
  keys: string[][];
  checks?: { asset: string[]; name: string }[] | undefined;
}
const AssetSelection = builder.objectRef<SelectionModel>("AssetSelection").implement({
  fields: (t) => ({
    assetSelectionString: t.string({
      nullable: true,
      resolve: ({ keys }) => keys.map((key) => `key:"${assetId(key)}"`).join(" or "),
    }),
    assetKeys: t.field({ type: [AssetKey], resolve: ({ keys }) => keys }),
    assetChecks: t.field({ type: [AssetCheckHandle], resolve: ({ checks }) => checks ?? [] }),
    assets: t.field({ type: [Asset], resolve: ({ keys }) => keys.map(assetModel) }),
    assetsOrError: t.field({
      type: AssetsOrError,
      resolve: ({ keys }) => ({
        __typename: "AssetConnection" as const,
        nodes: keys.map(assetModel),
        cursor: null,
      }),
    }),
  }),
});
const assetsOfJob = ({ def, location }: ScheduleModel): SelectionModel | null => {
  const target = location.jobs.get(def.job)?.def.target;
  return target?.kind === "assets" ? { keys: target.assets } : null;
};

const DryRunInstigationTicks = builder.objectRef<{ times: number[] }>("DryRunInstigationTicks").implement({
  fields: (t) => ({
    results: t.field({
      type: [DryRunTick],
      resolve: ({ times }) =>
        times.map((at) => ({ __typename: "DryRunInstigationTick" as const, at, evaluate: null })),
    }),
    cursor: t.float({ resolve: ({ times }) => seconds(times.at(-1) ?? 0) }),
  }),
});
Schedule.implement({
  fields: (t) => ({
    id: t.id({ resolve: (schedule) => selectorId(instigatorId(schedule)) }),
    name: t.string({ resolve: ({ def }) => def.name }),
    cronSchedule: t.string({
      resolve: ({ def }) => (def.cron.length === 1 ? (def.cron[0] as string) : JSON.stringify(def.cron)),
    }),
    pipelineName: t.string({ resolve: ({ def }) => def.job }),
    solidSelection: t.stringList({ nullable: { list: true, items: true }, resolve: () => null }),
    mode: t.string({ resolve: () => "default" }),
    executionTimezone: t.string({ nullable: true, resolve: ({ def }) => def.timezone }),
    description: t.string({ nullable: true, resolve: ({ def }) => def.description ?? null }),
    defaultStatus: t.field({ type: InstigationStatus, resolve: ({ def }) => def.defaultStatus }),
    canReset: t.boolean({
      resolve: async (of, _args, ctx) => ((await instigation(ctx, of)).state?.status ?? null) !== null,
    }),
    scheduleState: t.field({ type: InstigationState, resolve: (of, _args, ctx) => instigation(ctx, of) }),
    futureTicks: t.field({
      type: DryRunInstigationTicks,
      args: { cursor: t.arg.float(), limit: t.arg.int(), until: t.arg.float() },
      resolve: ({ def }, { cursor, limit, until }, ctx) => {
        const times = scheduleTimes(
          def,
          millis(cursor) ?? ctx.clock.now(),
          Math.min(limit ?? (until ? 1000 : 10), 1000),
        );
        const end = millis(until) ?? Number.POSITIVE_INFINITY;
        return { times: times.filter((time) => time <= end) };
      },
    }),
    assetSelection: t.field({ type: AssetSelection, nullable: true, resolve: assetsOfJob }),
    tags: t.field({ type: [DefinitionTag], resolve: ({ def }) => tagModels(def.tags) }),
    metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }),
  }),
});
const Target = builder.objectRef<string>("Target").implement({
  fields: (t) => ({
    pipelineName: t.string({ resolve: (job) => job }),
    mode: t.string({ resolve: () => "default" }),
    solidSelection: t.stringList({ nullable: true, resolve: () => null }),
  }),
});
const SensorMetadata = builder.objectRef<SensorModel>("SensorMetadata").implement({
  fields: (t) => ({
    assetKeys: t.field({
      type: [AssetKey],
      nullable: true,
      resolve: ({ def }) => (def.monitors?.kind === "assets" ? def.monitors.assets : null),
    }),
  }),
});
Sensor.implement({
  fields: (t) => ({
    id: t.id({ resolve: (sensor) => selectorId(instigatorId(sensor)) }),
    jobOriginId: t.string({ resolve: (sensor) => selectorId(instigatorId(sensor)) }),
    name: t.string({ resolve: ({ def }) => def.name }),
    targets: t.field({ type: [Target], nullable: true, resolve: ({ def }) => def.jobs }),
    defaultStatus: t.field({ type: InstigationStatus, resolve: ({ def }) => def.defaultStatus }),
    canReset: t.boolean({
      resolve: async (of, _args, ctx) => ((await instigation(ctx, of)).state?.status ?? null) !== null,
    }),
    hasCursorUpdatePermissions: t.boolean({ resolve: () => true }),
    sensorState: t.field({ type: InstigationState, resolve: (of, _args, ctx) => instigation(ctx, of) }),
    minIntervalSeconds: t.int({ resolve: ({ def }) => Math.ceil(def.minimumInterval) }),
    description: t.string({ nullable: true, resolve: ({ def }) => def.description ?? null }),
    nextTick: t.field({
      type: DryRunTick,
      nullable: true,
      resolve: async (of, _args, ctx) => {
        const at = nextTick(ctx, await instigation(ctx, of));
        return at === null ? null : { __typename: "DryRunInstigationTick" as const, at, evaluate: null };
      },
    }),
    metadata: t.field({ type: SensorMetadata, resolve: (sensor) => sensor }),
    sensorType: t.field({ type: SensorType, resolve: ({ def }) => sensorType(def.kind) }),
    assetSelection: t.field({
      type: AssetSelection,
      nullable: true,
      resolve: ({ def: { assets, checks } }) =>
        assets.length > 0 || checks ? { keys: assets, checks } : null,
    }),
    tags: t.field({ type: [DefinitionTag], resolve: ({ def }) => tagModels(def.tags) }),
    metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }),
  }),
});
