/** What the control plane hands a sensor that watches assets or runs with the question: user code reaches no database. */
import { z } from "zod";
import { AssetKey } from "./definitions.ts";
import { ErrorInfo, Metadata } from "./event.ts";

/** A materialization. */
export const WatchedEvent = z.object({
  /** Of the event, increasing over all runs. */
  id: z.number(),
  runId: z.string().nullable(),
  partition: z.string().optional(),
  description: z.string().optional(),
  metadata: Metadata,
  dataVersion: z.string().optional(),
  /** Milliseconds since the epoch. */
  ts: z.number(),
});
export type WatchedEvent = z.infer<typeof WatchedEvent>;

export const WatchedAsset = z.object({
  asset: AssetKey,
  /** The newest, whether it is new to the sensor or not. */
  latest: WatchedEvent.nullable(),
  /** Oldest first: those that the cursor passed over without consuming them, then those after the cursor. */
  events: z.array(WatchedEvent),
});
export type WatchedAsset = z.infer<typeof WatchedAsset>;

export const WatchedRun = z.object({
  /** Of the event that changed the status. */
  eventId: z.number(),
  /** Milliseconds since the epoch. */
  ts: z.number(),
  status: z.string(),
  runId: z.string(),
  job: z.string(),
  location: z.string(),
  tags: z.record(z.string(), z.string()),
  runConfig: z.record(z.string(), z.unknown()),
  partitionKey: z.string().nullable(),
  error: ErrorInfo.nullable(),
  /** Of a failed run: the steps that failed. */
  failedSteps: z.array(z.object({ stepKey: z.string(), error: ErrorInfo.nullable() })),
});
export type WatchedRun = z.infer<typeof WatchedRun>;

/** An event that a sensor reports about an asset: nobody ran it. */
export const ReportedAssetEvent = z.object({
  type: z.enum(["materialization", "observation"]),
  asset: AssetKey,
  partition: z.string().optional(),
  description: z.string().optional(),
  metadata: Metadata,
});
export type ReportedAssetEvent = z.infer<typeof ReportedAssetEvent>;
