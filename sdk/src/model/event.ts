/** Run events: Dagster's event types, one JSON object each. The run worker and the control plane write them; storage folds them. */
import { z } from "zod";
import { AssetKey } from "./definitions.ts";

/** A value that the page knows how to draw. Bare JSON values given by users become the nearest of these. */
export const MetadataValue = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), value: z.string() }),
  z.object({ type: z.literal("markdown"), value: z.string() }),
  z.object({ type: z.literal("int"), value: z.number().int() }),
  z.object({ type: z.literal("float"), value: z.number() }),
  z.object({ type: z.literal("bool"), value: z.boolean() }),
  z.object({ type: z.literal("null") }),
  z.object({ type: z.literal("json"), value: z.unknown() }),
  z.object({ type: z.literal("url"), value: z.string() }),
  z.object({ type: z.literal("path"), value: z.string() }),
  z.object({ type: z.literal("notebook"), value: z.string() }),
  /** Seconds since the epoch. */
  z.object({ type: z.literal("timestamp"), value: z.number() }),
  z.object({ type: z.literal("asset"), value: AssetKey }),
  z.object({ type: z.literal("run"), value: z.string() }),
  z.object({
    type: z.literal("table"),
    columns: z.array(z.object({ name: z.string(), type: z.string(), description: z.string().optional() })),
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  }),
  /** A picture: `image/svg+xml` as text, `image/png` and `image/jpeg` in base64. At most 2 MiB. */
  z.object({
    type: z.literal("image"),
    mediaType: z.enum(["image/svg+xml", "image/png", "image/jpeg"]),
    data: z.string(),
  }),
]);
export type MetadataValue = z.infer<typeof MetadataValue>;
export const Metadata = z.record(z.string(), MetadataValue);
export type Metadata = z.infer<typeof Metadata>;

/** An error as it crosses a process border; `stack` is absent for a thrown non-Error. */
export interface ErrorInfo {
  name: string;
  message: string;
  stack?: string | undefined;
  cause?: ErrorInfo | undefined;
}
export const ErrorInfo: z.ZodType<ErrorInfo> = z.lazy(() =>
  z.object({
    name: z.string(),
    message: z.string(),
    stack: z.string().optional(),
    cause: ErrorInfo.optional(),
  }),
);

const materialization = {
  asset: AssetKey,
  partition: z.string().optional(),
  description: z.string().optional(),
  metadata: Metadata,
  dataVersion: z.string().optional(),
  /** Of the code that made it. */
  codeVersion: z.string().optional(),
  /** Assets that it depended on when it was made; absent when nobody knows. */
  upstream: z.array(AssetKey).optional(),
  /**
   * What `dataVersion` is to be made of, besides `codeVersion`, where the code tells none: upstream assets, or these partitions of
   * them. The worker tells it, and the version stands in its place once the event is stored.
   */
  versionInputs: z
    .array(z.object({ asset: AssetKey, partitions: z.array(z.string()).nullable() }))
    .optional(),
};

const at = {
  /** Milliseconds since the epoch, by the writer's clock; order is by sequence number, never by this. */
  ts: z.number(),
  level: z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
  message: z.string(),
  stepKey: z.string().optional(),
};
const plain = <T extends string>(type: T) => z.object({ type: z.literal(type), ...at });
const withError = <T extends string>(type: T) =>
  z.object({ type: z.literal(type), ...at, error: ErrorInfo.optional() });

export const RunEvent = z.discriminatedUnion("type", [
  plain("RUN_ENQUEUED"),
  plain("RUN_DEQUEUED"),
  plain("RUN_STARTING"),
  plain("RUN_START"),
  plain("RUN_SUCCESS"),
  withError("RUN_FAILURE"),
  plain("RUN_CANCELING"),
  plain("RUN_CANCELED"),
  /** A line of the framework or, with `error`, an infrastructure fault. */
  z.object({
    type: z.literal("ENGINE_EVENT"),
    ...at,
    error: ErrorInfo.optional(),
    metadata: Metadata.optional(),
  }),
  /** A line of `context.log`. */
  z.object({ type: z.literal("LOG_MESSAGE"), ...at, fields: z.record(z.string(), z.unknown()).optional() }),
  /** The plan of this run, once, before RUN_START: all step keys that are known before dynamic outputs. */
  z.object({
    type: z.literal("RUN_PLAN"),
    ...at,
    steps: z.array(
      z.object({
        key: z.string(),
        node: z.string(),
        assets: z.array(AssetKey),
        upstream: z.array(z.string()),
      }),
    ),
    /** Assets planned, with the partition if there is one. */
    assets: z.array(AssetKey),
    /** Checks planned, in the same partition. */
    checks: z.array(z.object({ asset: AssetKey, name: z.string() })).optional(),
    partition: z.string().optional(),
  }),
  plain("STEP_START"),
  z.object({ type: z.literal("STEP_SUCCESS"), ...at, durationMs: z.number() }),
  withError("STEP_FAILURE"),
  z.object({ type: z.literal("STEP_SKIPPED"), ...at, reason: z.string().optional() }),
  z.object({
    type: z.literal("STEP_UP_FOR_RETRY"),
    ...at,
    error: ErrorInfo.optional(),
    secondsToWait: z.number(),
    attempt: z.number().int(),
  }),
  z.object({ type: z.literal("STEP_RESTARTED"), ...at, attempt: z.number().int() }),
  z.object({ type: z.literal("STEP_INPUT"), ...at, input: z.string() }),
  z.object({
    type: z.literal("STEP_OUTPUT"),
    ...at,
    output: z.string(),
    mappingKey: z.string().optional(),
    metadata: Metadata.optional(),
  }),
  z.object({
    type: z.literal("HANDLED_OUTPUT"),
    ...at,
    output: z.string(),
    mappingKey: z.string().optional(),
    ioManager: z.string(),
    metadata: Metadata.optional(),
  }),
  z.object({
    type: z.literal("LOADED_INPUT"),
    ...at,
    input: z.string(),
    ioManager: z.string(),
    upstreamStep: z.string().optional(),
    metadata: Metadata.optional(),
  }),
  z.object({
    type: z.literal("ASSET_MATERIALIZATION_PLANNED"),
    ...at,
    asset: AssetKey,
    partition: z.string().optional(),
  }),
  z.object({ type: z.literal("ASSET_MATERIALIZATION"), ...at, ...materialization }),
  z.object({ type: z.literal("ASSET_OBSERVATION"), ...at, ...materialization }),
  z.object({
    type: z.literal("ASSET_CHECK_EVALUATION"),
    ...at,
    asset: AssetKey,
    check: z.string(),
    passed: z.boolean(),
    severity: z.enum(["WARN", "ERROR"]),
    partition: z.string().optional(),
    description: z.string().optional(),
    metadata: Metadata,
  }),
  z.object({ type: z.literal("HOOK_COMPLETED"), ...at, hook: z.string() }),
  z.object({ type: z.literal("HOOK_ERRORED"), ...at, hook: z.string(), error: ErrorInfo.optional() }),
  z.object({ type: z.literal("RESOURCE_INIT_STARTED"), ...at, resources: z.array(z.string()) }),
  z.object({ type: z.literal("RESOURCE_INIT_SUCCESS"), ...at, resources: z.array(z.string()) }),
  z.object({ type: z.literal("RESOURCE_INIT_FAILURE"), ...at, error: ErrorInfo.optional() }),
  /** Which compute log holds a step's stdout and stderr: `/logs/<runId>/<logKey>/out|err`. */
  z.object({ type: z.literal("LOGS_CAPTURED"), ...at, logKey: z.string(), stepKeys: z.array(z.string()) }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type RunEventType = RunEvent["type"];

export const RunStatus = z.enum([
  "QUEUED",
  "NOT_STARTED",
  "STARTING",
  "STARTED",
  "SUCCESS",
  "FAILURE",
  "CANCELING",
  "CANCELED",
]);
export type RunStatus = z.infer<typeof RunStatus>;
export type StepStatus = "IN_PROGRESS" | "SUCCESS" | "FAILURE" | "SKIPPED" | "UP_FOR_RETRY" | "CANCELED";
