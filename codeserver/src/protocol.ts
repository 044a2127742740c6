/**
 * The wire between the control plane and a TypeScript code server: HTTP + JSON under `/v1`.
 *
 *   GET  /v1/definitions                        → 200 DefinitionsSnapshot with ETag (its hash) · 304 · 422 load error · 503 still loading
 *   POST /v1/definitions                        { extra } → the same, with the jobs and schedules of `extra`
 *   POST /v1/schedules/:name/evaluate           EvaluateSchedule → 200 Evaluation
 *   POST /v1/sensors/:name/evaluate             EvaluateSensor → 200 Evaluation
 *   POST /v1/jobs/:name/validate-run-config     ValidateRunConfig → 200 Issues
 *   POST /v1/assets/:key/map-partitions         MapPartitions → 200 MappedPartitions (the key's parts joined by /, percent-encoded)
 *   GET  /healthz                               → 200 while the process answers
 *   GET  /readyz                                → 200 once loading has ended, well or not · 503 before
 *   GET  /readyz?loaded=1                       → 200 once definitions are loaded · 503 before, and when they do not load
 *
 * All posts: `extra` in the body adds ExtraDefinitions to the code's own for this question. 400 bad request · 404 no such name · 422 `user_code` the evaluation threw or took too long, `load_error` · 503.
 * Anything but 200 and 304 has the body Failure.
 */
import { ErrorInfo, ReportedAssetEvent, WatchedAsset, WatchedRun } from "@dagster-operator/sdk/internal";
import { z } from "zod";
import type { WatchSet } from "./loader/resolve.ts";

/** Milliseconds that an evaluation may take. */
const timeoutMs = z
  .number()
  .int()
  .positive()
  .max(24 * 3600_000);

export const EvaluateSchedule = z.object({
  /** Milliseconds since the epoch. */
  scheduledTime: z.number(),
  timeoutMs,
});
export const EvaluateSensor = z.object({
  cursor: z.string().nullable(),
  lastRunKey: z.string().nullable(),
  lastTickTime: z.number().nullable(),
  /** What happened since its cursor, for a sensor that watches assets or runs. */
  watched: z.object({ assets: z.array(WatchedAsset).optional(), run: WatchedRun.optional() }).optional(),
  timeoutMs,
});
export const Evaluation = z.object({
  runRequests: z.array(
    z.object({
      runKey: z.string().optional(),
      job: z.string().optional(),
      assets: z.array(z.array(z.string())).optional(),
      runConfig: z.record(z.string(), z.unknown()).optional(),
      tags: z.record(z.string(), z.string()).optional(),
      partitionKey: z.string().optional(),
    }),
  ),
  skipReason: z.string().optional(),
  cursor: z.string().optional(),
  logs: z.array(z.string()),
  dynamicPartitions: z
    .array(z.object({ name: z.string(), add: z.array(z.string()), delete: z.array(z.string()) }))
    .optional(),
  assetEvents: z.array(ReportedAssetEvent).optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

export const ValidateRunConfig = z.object({ runConfig: z.record(z.string(), z.unknown()) });
export const Issues = z.object({ issues: z.array(z.object({ path: z.string(), message: z.string() })) });

export const MapPartitions = z.object({
  /** Key of the upstream asset, its parts joined by `/`. */
  upstream: z.string(),
  keys: z.array(z.string()),
});
export const MappedPartitions = z.object({ downstreamByUpstream: z.record(z.string(), z.array(z.string())) });

export const Failure = z.object({
  kind: z.enum(["load_error", "user_code", "not_found", "bad_request", "loading", "internal"]),
  error: ErrorInfo,
  /** What an evaluation logged before it threw or was given up. */
  logs: z.array(z.string()).optional(),
});
export type Failure = z.infer<typeof Failure>;

/** What a code server tells its parent over IPC, once, when it listens and loading has ended. */
export interface Ready {
  type: "ready";
  address: Address;
  hash: string | null;
  error: ErrorInfo | null;
  watch: WatchSet;
}
/** Its answer to any message of the parent's: the event loop turns. */
export interface Pong {
  type: "pong";
}
export type Address = { host: string; port: number } | { socket: string };
