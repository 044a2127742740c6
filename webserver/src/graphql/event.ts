/** Run events under Dagster's type names. */
import type { ErrorInfo, Metadata, RunEvent, RunEventType } from "@dagster-operator/sdk/internal";
import { builder } from "./builder.ts";
import { AssetCheckEvaluation } from "./check.ts";
import { DagsterEventType, LogLevel } from "./enums.ts";
import { PythonError, pythonError } from "./errors.ts";
import { metadataEntries } from "./metadata.ts";
import { AssetKey, type EventModel, MaterializationEvent, MetadataEntry, ObservationEvent } from "./refs.ts";
import { RunOrError, RunStepStats, runOrError, stepStats } from "./run-steps.ts";

/** RUN_PLAN has no type in Dagster: a client sees it as a line of the engine. */
const EVENT_TYPENAME: Record<RunEventType, string> = {
  RUN_ENQUEUED: "RunEnqueuedEvent",
  RUN_DEQUEUED: "RunDequeuedEvent",
  RUN_STARTING: "RunStartingEvent",
  RUN_START: "RunStartEvent",
  RUN_SUCCESS: "RunSuccessEvent",
  RUN_FAILURE: "RunFailureEvent",
  RUN_CANCELING: "RunCancelingEvent",
  RUN_CANCELED: "RunCanceledEvent",
  ENGINE_EVENT: "EngineEvent",
  LOG_MESSAGE: "LogMessageEvent",
  RUN_PLAN: "EngineEvent",
  STEP_START: "ExecutionStepStartEvent",
  STEP_SUCCESS: "ExecutionStepSuccessEvent",
  STEP_FAILURE: "ExecutionStepFailureEvent",
  STEP_SKIPPED: "ExecutionStepSkippedEvent",
  STEP_UP_FOR_RETRY: "ExecutionStepUpForRetryEvent",
  STEP_RESTARTED: "ExecutionStepRestartEvent",
  STEP_INPUT: "ExecutionStepInputEvent",
  STEP_OUTPUT: "ExecutionStepOutputEvent",
  HANDLED_OUTPUT: "HandledOutputEvent",
  LOADED_INPUT: "LoadedInputEvent",
  ASSET_MATERIALIZATION_PLANNED: "AssetMaterializationPlannedEvent",
  ASSET_MATERIALIZATION: "MaterializationEvent",
  ASSET_OBSERVATION: "ObservationEvent",
  ASSET_CHECK_EVALUATION: "AssetCheckEvaluationEvent",
  HOOK_COMPLETED: "HookCompletedEvent",
  HOOK_ERRORED: "HookErroredEvent",
  RESOURCE_INIT_STARTED: "ResourceInitStartedEvent",
  RESOURCE_INIT_SUCCESS: "ResourceInitSuccessEvent",
  RESOURCE_INIT_FAILURE: "ResourceInitFailureEvent",
  LOGS_CAPTURED: "LogsCapturedEvent",
};
type EventTypeName = typeof DagsterEventType.$inferType;
const eventType = (event: RunEvent): EventTypeName | null =>
  event.type === "LOG_MESSAGE" ? null : event.type === "RUN_PLAN" ? "ENGINE_EVENT" : event.type;
/** Step key without its mapping key: the node's place in the graph. */
export const handleOf = (stepKey: string): string => stepKey.replace(/\[[^\]]*\]/g, "");

const resolveType = (model: EventModel): string => EVENT_TYPENAME[model.event.type];
const MessageEvent = builder.interfaceRef<EventModel>("MessageEvent").implement({
  resolveType,
  fields: (t) => ({
    runId: t.string({
      description: "Empty for an event from outside any run.",
      resolve: (e) => e.runId ?? "",
    }),
    message: t.string({ resolve: (e) => e.event.message }),
    timestamp: t.string({ description: "Milliseconds since the epoch.", resolve: (e) => String(e.event.ts) }),
    level: t.field({ type: LogLevel, resolve: (e) => e.event.level }),
    stepKey: t.string({ nullable: true, resolve: (e) => e.event.stepKey ?? null }),
    solidHandleID: t.string({
      nullable: true,
      resolve: (e) => (e.event.stepKey ? handleOf(e.event.stepKey) : null),
    }),
    eventType: t.field({ type: DagsterEventType, nullable: true, resolve: (e) => eventType(e.event) }),
  }),
});
const StepEvent = builder.interfaceRef<EventModel>("StepEvent").implement({
  resolveType,
  fields: (t) => ({
    stepKey: t.string({ nullable: true, resolve: (e) => e.event.stepKey ?? null }),
    solidHandleID: t.string({
      nullable: true,
      resolve: (e) => (e.event.stepKey ? handleOf(e.event.stepKey) : null),
    }),
  }),
});
const RunEventInterface = builder.interfaceRef<EventModel>("RunEvent").implement({
  resolveType,
  fields: (t) => ({
    pipelineName: t.string({
      resolve: async (e, _args, ctx) => (e.runId ? ((await ctx.runs.get(e.runId))?.job ?? "") : ""),
    }),
  }),
});
const errorOf = (event: RunEvent): ErrorInfo | undefined => ("error" in event ? event.error : undefined);
const ErrorEvent = builder.interfaceRef<EventModel>("ErrorEvent").implement({
  resolveType,
  fields: (t) => ({
    error: t.field({
      type: PythonError,
      nullable: true,
      resolve: (e) => {
        const error = errorOf(e.event);
        return error ? pythonError(error) : null;
      },
    }),
  }),
});
const MarkerEvent = builder.interfaceRef<EventModel>("MarkerEvent").implement({
  resolveType,
  fields: (t) => ({
    markerStart: t.string({
      nullable: true,
      resolve: ({ event }) => (event.type === "RESOURCE_INIT_STARTED" ? "resources" : null),
    }),
    markerEnd: t.string({
      nullable: true,
      resolve: ({ event }) =>
        event.type === "RESOURCE_INIT_SUCCESS" || event.type === "RESOURCE_INIT_FAILURE" ? "resources" : null,
    }),
  }),
});
const metadataOf = (event: RunEvent): Metadata | undefined =>
  "metadata" in event ? event.metadata : undefined;
const describe = (event: RunEvent): string | null =>
  "description" in event ? (event.description ?? null) : null;
const DisplayableEvent = builder.interfaceRef<EventModel>("DisplayableEvent").implement({
  resolveType,
  fields: (t) => ({
    label: t.string({ nullable: true, resolve: () => null }),
    description: t.string({ nullable: true, resolve: (e) => describe(e.event) }),
    metadataEntries: t.field({ type: [MetadataEntry], resolve: (e) => metadataEntries(metadataOf(e.event)) }),
  }),
});

type Interface = typeof MessageEvent;
const plain = (name: string, ...interfaces: Interface[]) =>
  builder
    .objectRef<EventModel>(name)
    .implement({ interfaces: [MessageEvent, ...interfaces], fields: () => ({}) });
type Of<T extends RunEventType> = Omit<EventModel, "event"> & { event: Extract<RunEvent, { type: T }> };
const typed = <T extends RunEventType>(name: string, _type: T) => builder.objectRef<Of<T>>(name);

const TypeCheck = builder.objectRef<{ success: boolean }>("TypeCheck").implement({
  description: "TypeScript checks types before a run: always a success.",
  fields: (t) => ({ success: t.exposeBoolean("success") }),
});
const FailureMetadata = builder.objectRef<object>("FailureMetadata").implement({
  fields: (t) => ({ metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }) }),
});
const EventTag = builder
  .objectRef<{ key: string; value: string }>("EventTag")
  .implement({ fields: (t) => ({ key: t.exposeString("key"), value: t.exposeString("value") }) });

const runEvents = [
  "RunEnqueuedEvent",
  "RunDequeuedEvent",
  "RunStartingEvent",
  "RunStartEvent",
  "RunSuccessEvent",
  "RunCancelingEvent",
].map((name) => plain(name, RunEventInterface));
const runErrors = ["RunFailureEvent", "RunCanceledEvent"].map((name) =>
  plain(name, RunEventInterface, ErrorEvent),
);
const stepEvents = [
  "ExecutionStepStartEvent",
  "ExecutionStepSuccessEvent",
  "ExecutionStepSkippedEvent",
  "ExecutionStepRestartEvent",
  "HookCompletedEvent",
].map((name) => plain(name, StepEvent));
const resourceEvents = ["ResourceInitStartedEvent", "ResourceInitSuccessEvent"].map((name) =>
  plain(name, DisplayableEvent, StepEvent, MarkerEvent),
);
const simple = [
  plain("LogMessageEvent"),
  plain("HookErroredEvent", StepEvent, ErrorEvent),
  plain("ResourceInitFailureEvent", DisplayableEvent, StepEvent, MarkerEvent, ErrorEvent),
  plain("EngineEvent", DisplayableEvent, StepEvent, MarkerEvent, ErrorEvent),
];
const StepFailure = builder.objectRef<EventModel>("ExecutionStepFailureEvent").implement({
  interfaces: [MessageEvent, StepEvent, ErrorEvent],
  fields: (t) => ({
    failureMetadata: t.field({ type: FailureMetadata, nullable: true, resolve: () => null }),
  }),
});
const StepUpForRetry = typed("ExecutionStepUpForRetryEvent", "STEP_UP_FOR_RETRY").implement({
  interfaces: [MessageEvent, StepEvent, ErrorEvent],
  fields: (t) => ({ secondsToWait: t.float({ nullable: true, resolve: (e) => e.event.secondsToWait }) }),
});
const StepInput = typed("ExecutionStepInputEvent", "STEP_INPUT").implement({
  interfaces: [MessageEvent, StepEvent],
  fields: (t) => ({
    inputName: t.string({ resolve: (e) => e.event.input }),
    typeCheck: t.field({ type: TypeCheck, resolve: () => ({ success: true }) }),
  }),
});
const StepOutput = typed("ExecutionStepOutputEvent", "STEP_OUTPUT").implement({
  interfaces: [MessageEvent, StepEvent, DisplayableEvent],
  fields: (t) => ({
    outputName: t.string({ resolve: (e) => e.event.output }),
    typeCheck: t.field({ type: TypeCheck, resolve: () => ({ success: true }) }),
  }),
});
const HandledOutput = typed("HandledOutputEvent", "HANDLED_OUTPUT").implement({
  interfaces: [MessageEvent, StepEvent, DisplayableEvent],
  fields: (t) => ({
    outputName: t.string({ resolve: (e) => e.event.output }),
    managerKey: t.string({ resolve: (e) => e.event.ioManager }),
  }),
});
const LoadedInput = typed("LoadedInputEvent", "LOADED_INPUT").implement({
  interfaces: [MessageEvent, StepEvent, DisplayableEvent],
  fields: (t) => ({
    inputName: t.string({ resolve: (e) => e.event.input }),
    managerKey: t.string({ resolve: (e) => e.event.ioManager }),
    upstreamOutputName: t.string({ nullable: true, resolve: () => null }),
    upstreamStepKey: t.string({ nullable: true, resolve: (e) => e.event.upstreamStep ?? null }),
  }),
});
const LogsCaptured = typed("LogsCapturedEvent", "LOGS_CAPTURED").implement({
  interfaces: [MessageEvent],
  fields: (t) => ({
    fileKey: t.string({ resolve: (e) => e.event.logKey }),
    logKey: t.string({ resolve: (e) => e.event.logKey }),
    stepKeys: t.stringList({ nullable: true, resolve: (e) => e.event.stepKeys }),
    externalUrl: t.string({ nullable: true, resolve: () => null }),
    externalStdoutUrl: t.string({ nullable: true, resolve: () => null }),
    externalStderrUrl: t.string({ nullable: true, resolve: () => null }),
    pid: t.int({ nullable: true, resolve: () => null }),
  }),
});
const MaterializationPlanned = typed(
  "AssetMaterializationPlannedEvent",
  "ASSET_MATERIALIZATION_PLANNED",
).implement({
  interfaces: [MessageEvent, RunEventInterface],
  fields: (t) => ({
    assetKey: t.field({ type: AssetKey, nullable: true, resolve: (e) => e.event.asset }),
    runOrError: t.field({ type: RunOrError, resolve: (e, _args, ctx) => runOrError(ctx, e.runId ?? "") }),
  }),
});
const CheckEvaluation = typed("AssetCheckEvaluationEvent", "ASSET_CHECK_EVALUATION").implement({
  interfaces: [MessageEvent, StepEvent],
  fields: (t) => ({ evaluation: t.field({ type: AssetCheckEvaluation, resolve: (e) => e }) }),
});

const partitionOf = (event: RunEvent): string | null =>
  "partition" in event ? (event.partition ?? null) : null;
const versionTags = (event: RunEvent) => [
  ...("dataVersion" in event && event.dataVersion
    ? [{ key: "dagster/data_version", value: event.dataVersion }]
    : []),
  ...("codeVersion" in event && event.codeVersion
    ? [{ key: "dagster/code_version", value: event.codeVersion }]
    : []),
];
for (const ref of [MaterializationEvent, ObservationEvent])
  ref.implement({
    interfaces: [MessageEvent, StepEvent, DisplayableEvent],
    fields: (t) => ({
      assetKey: t.field({
        type: AssetKey,
        nullable: true,
        resolve: (e) => ("asset" in e.event ? e.event.asset : null),
      }),
      runOrError: t.field({ type: RunOrError, resolve: (e, _args, ctx) => runOrError(ctx, e.runId ?? "") }),
      stepStats: t.field({
        type: RunStepStats,
        resolve: async (e, _args, ctx) =>
          stepStats(e.runId ?? "", e.event.stepKey ?? "", e.runId ? await ctx.steps.get(e.runId) : []),
      }),
      partition: t.string({ nullable: true, resolve: (e) => partitionOf(e.event) }),
      tags: t.field({ type: [EventTag], resolve: (e) => versionTags(e.event) }),
    }),
  });

export const DagsterRunEvent = builder.unionType("DagsterRunEvent", {
  types: [
    ...runEvents,
    ...runErrors,
    ...stepEvents,
    ...resourceEvents,
    ...simple,
    StepFailure,
    StepUpForRetry,
    StepInput,
    StepOutput,
    HandledOutput,
    LoadedInput,
    LogsCaptured,
    MaterializationPlanned,
    CheckEvaluation,
    MaterializationEvent,
    ObservationEvent,
  ],
  resolveType: (model) => resolveType(model as EventModel),
});
