import { daemonHealth, type DaemonHealth as HealthModel, type QueueLimits } from "@dagster-operator/engine";
import { stringify } from "yaml";
import { builder } from "./builder.ts";
import {
  ConcurrencyKeyInfo,
  MAX_POOL_LIMIT,
  MIN_POOL_LIMIT,
  PoolConfig,
  poolSettings,
  poolState,
  poolStates,
} from "./concurrency.ts";
import { PythonError, pythonError } from "./errors.ts";

const DaemonStatus = builder
  .objectRef<Omit<HealthModel, "healthy"> & { healthy: boolean | null }>("DaemonStatus")
  .implement({
    fields: (t) => ({
      id: t.id({ resolve: (daemon) => daemon.type }),
      daemonType: t.exposeString("type"),
      required: t.boolean({ resolve: () => true }),
      healthy: t.exposeBoolean("healthy", { nullable: true }),
      lastHeartbeatTime: t.float({
        nullable: true,
        resolve: ({ lastHeartbeatAt }) => (lastHeartbeatAt === null ? null : lastHeartbeatAt / 1000),
      }),
      lastHeartbeatErrors: t.field({ type: [PythonError], resolve: ({ errors }) => errors.map(pythonError) }),
    }),
  });
const DaemonHealth = builder.objectRef<HealthModel[]>("DaemonHealth").implement({
  fields: (t) => ({
    id: t.string({ resolve: () => "daemonHealth" }),
    allDaemonStatuses: t.field({ type: [DaemonStatus], resolve: (daemons) => daemons }),
    daemonStatus: t.field({
      type: DaemonStatus,
      args: { daemonType: t.arg.string() },
      resolve: (daemons, { daemonType }) =>
        daemons.find((daemon) => daemon.type === daemonType) ?? {
          type: daemonType ?? "",
          healthy: null,
          lastHeartbeatAt: null,
          errors: [],
        },
    }),
  }),
});
const RunLauncher = builder
  .objectRef<{ name: string }>("RunLauncher")
  .implement({ fields: (t) => ({ name: t.exposeString("name") }) });
const RunQueueConfig = builder.objectRef<QueueLimits>("RunQueueConfig").implement({
  fields: (t) => ({
    maxConcurrentRuns: t.exposeInt("maxConcurrentRuns"),
    tagConcurrencyLimitsYaml: t.string({
      nullable: true,
      resolve: ({ tagLimits }) => (tagLimits.length > 0 ? tagLimitsYaml(tagLimits) : null),
    }),
    isOpConcurrencyAware: t.boolean({ nullable: true, resolve: () => true }),
  }),
});
const Instance = builder.objectRef<object>("Instance").implement({
  fields: (t) => ({
    id: t.string({ resolve: (_instance, _args, ctx) => ctx.instance.name }),
    info: t.string({ nullable: true, resolve: (_instance, _args, ctx) => ctx.instance.info }),
    hasInfo: t.boolean({ resolve: (_instance, _args, ctx) => ctx.instance.info !== null }),
    runLauncher: t.field({
      type: RunLauncher,
      nullable: true,
      resolve: (_instance, _args, ctx) => ({ name: ctx.instance.runLauncher }),
    }),
    runQueuingSupported: t.boolean({ resolve: () => true }),
    runQueueConfig: t.field({
      type: RunQueueConfig,
      nullable: true,
      resolve: (_instance, _args, ctx) => ctx.instance.queue,
    }),
    executablePath: t.string({ resolve: () => process.execPath }),
    daemonHealth: t.field({
      type: DaemonHealth,
      resolve: async (_instance, _args, ctx) =>
        daemonHealth(await ctx.storage.heartbeats.list(), ctx.clock.now()),
    }),
    autoMaterializePaused: t.boolean({ resolve: () => true }),
    useAutoMaterializeSensors: t.boolean({ resolve: () => true }),
    supportsConcurrencyLimits: t.boolean({ resolve: () => true }),
    minConcurrencyLimitValue: t.int({ resolve: () => MIN_POOL_LIMIT }),
    maxConcurrencyLimitValue: t.int({ resolve: () => MAX_POOL_LIMIT }),
    concurrencyLimits: t.field({
      type: [ConcurrencyKeyInfo],
      resolve: (_instance, _args, ctx) => poolStates(ctx),
    }),
    concurrencyLimit: t.field({
      type: ConcurrencyKeyInfo,
      args: { concurrencyKey: t.arg.string() },
      resolve: (_instance, { concurrencyKey }, ctx) => poolState(ctx, concurrencyKey ?? ""),
    }),
    poolConfig: t.field({ type: PoolConfig, nullable: true, resolve: (_i, _args, ctx) => poolSettings(ctx) }),
    freshnessEvaluationEnabled: t.boolean({ resolve: () => false }),
  }),
});
builder.queryFields((t) => ({
  version: t.string({ resolve: (_root, _args, ctx) => ctx.instance.version }),
  instance: t.field({ type: Instance, resolve: () => ({}) }),
}));

/** As it would stand in `dagster.yaml`. */
function tagLimitsYaml(limits: QueueLimits["tagLimits"]): string {
  return stringify(
    limits.map(({ key, value, perUniqueValue, limit }) => ({
      key,
      ...(value === undefined ? {} : { value }),
      ...(perUniqueValue ? { value: { applyLimitPerUniqueValue: true } } : {}),
      limit,
    })),
  );
}
