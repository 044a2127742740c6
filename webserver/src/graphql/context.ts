import type {
  AssetEventRecord,
  AssetState,
  CheckRecord,
  Clock,
  ComputeLog,
  InstigatorState,
  QueueLimits,
  RunRecord,
  StepRecord,
  Storage,
  Workspace,
} from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { WorkspaceIndex } from "../definitions/workspace-index.ts";
import type { Batch } from "./batch.ts";

/** What the installation tells of itself. */
export interface InstanceInfo {
  name: string;
  version: string;
  /** Text (YAML) for the page's configuration view. */
  info: string | null;
  runLauncher: string;
  queue: QueueLimits;
  /** Nothing can be changed through this server; runs report to it all the same. */
  readOnly: boolean;
}

/** What one request's resolvers share. What is behind a loader is asked for in one call, however many fields want it. */
export interface Context {
  storage: Storage;
  workspace: Workspace;
  computeLog: ComputeLog;
  clock: Clock;
  log: Logger;
  instance: InstanceInfo;
  /** Aborts when the server closes or the client has gone: a subscription ends. */
  closing: AbortSignal;
  /** The definitions as they were when the request came, so that one answer never mixes two versions. */
  index: WorkspaceIndex;
  /** Definitions as they are now, for after a mutation changed them. */
  reindex: () => WorkspaceIndex;
  runs: Batch<string, RunRecord | null>;
  steps: Batch<string, StepRecord[]>;
  assetStates: Batch<string, AssetState | null>;
  /** By the JSON of a `NewestAsk`. */
  newestRecords: Batch<string, AssetEventRecord | null>;
  /** Latest evaluation of each check, by asset path. */
  checks: Batch<string, CheckRecord[]>;
  dynamicPartitions: Batch<string, string[]>;
  /** By selector id (`SCHEDULE:<location>:<name>`). */
  instigators: () => Promise<Map<string, InstigatorState>>;
  /** Asks storage again after a mutation has changed a state. */
  forgetInstigators: () => void;
}
