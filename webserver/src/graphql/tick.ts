/** One evaluation of a schedule or sensor that happened. */
import type { PartitionsRequestResult, Tick } from "@dagster-operator/engine";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { DynamicPartitionsRequestType, InstigationTickStatus, InstigationType, LogLevel } from "./enums.ts";
import { PythonError, pythonError } from "./errors.ts";
import { Run, runModel, type TickModel } from "./refs.ts";
import { seconds } from "./time.ts";

const InstigationEvent = builder.objectRef<{ message: string; at: number }>("InstigationEvent").implement({
  fields: (t) => ({
    message: t.exposeString("message"),
    timestamp: t.string({ description: "Milliseconds since the epoch.", resolve: ({ at }) => String(at) }),
    level: t.field({ type: LogLevel, resolve: () => "INFO" as const }),
  }),
});
const InstigationEventConnection = builder.objectRef<Tick>("InstigationEventConnection").implement({
  fields: (t) => ({
    events: t.field({
      type: [InstigationEvent],
      resolve: (tick) => tick.logs.map((message) => ({ message, at: tick.startedAt })),
    }),
    cursor: t.string({ resolve: (tick) => String(tick.logs.length) }),
    hasMore: t.boolean({ resolve: () => false }),
  }),
});
const DynamicPartitionsRequestResult = builder
  .objectRef<PartitionsRequestResult>("DynamicPartitionsRequestResult")
  .implement({
    fields: (t) => ({
      partitionKeys: t.exposeStringList("keys", { nullable: true }),
      partitionsDefName: t.exposeString("name"),
      type: t.expose("type", { type: DynamicPartitionsRequestType }),
      skippedPartitionKeys: t.exposeStringList("skippedKeys", {
        description: "Of the keys: those that were there already, or were not there to be deleted.",
      }),
    }),
  });
const runsOf = async (ctx: Context, ids: string[]) =>
  (await Promise.all(ids.map((id) => ctx.runs.get(id)))).flatMap((run) => (run ? [runModel(run)] : []));
export const InstigationTick = builder.objectRef<TickModel>("InstigationTick").implement({
  fields: (t) => ({
    id: t.id({ resolve: (tick) => String(tick.id) }),
    tickId: t.id({ resolve: (tick) => String(tick.id) }),
    status: t.expose("status", { type: InstigationTickStatus }),
    timestamp: t.float({ resolve: (tick) => seconds(tick.at) }),
    endTimestamp: t.float({ nullable: true, resolve: (tick) => seconds(tick.endedAt) }),
    runIds: t.exposeStringList("runIds"),
    runKeys: t.stringList({
      resolve: async (tick, _args, ctx) =>
        (await runsOf(ctx, tick.runIds)).flatMap((run) => run.tags["dagster/run_key"] ?? []),
    }),
    runs: t.field({ type: [Run], resolve: (tick, _args, ctx) => runsOf(ctx, tick.runIds) }),
    dynamicPartitionsRequestResults: t.expose("dynamicPartitions", {
      type: [DynamicPartitionsRequestResult],
    }),
    originRunIds: t.exposeStringList("originRunIds"),
    error: t.field({
      type: PythonError,
      nullable: true,
      resolve: (tick) => (tick.error ? pythonError(tick.error) : null),
    }),
    skipReason: t.exposeString("skipReason", { nullable: true }),
    cursor: t.exposeString("cursor", { nullable: true }),
    logKey: t.stringList({ nullable: true, resolve: () => null }),
    logEvents: t.field({ type: InstigationEventConnection, resolve: (tick) => tick }),
    instigationType: t.field({ type: InstigationType, resolve: (tick) => tick.kind }),
  }),
});
