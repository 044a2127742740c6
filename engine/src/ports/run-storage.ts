import type { ErrorInfo, RunContext, RunEvent, RunStatus, StepStatus } from "@dagster-operator/sdk/internal";
import type { RunUnderWay } from "../monitoring/overdue.ts";
import type { PoolSettings, RunPools } from "./pool-storage.ts";

/** All times in this file are milliseconds since the epoch. */
export interface NewRun {
  /** UUID; made by the caller so that it can be named in errors and links before it exists. */
  runId: string;
  location: string;
  job: string;
  assets: string[][] | null;
  checks: { asset: string[]; name: string }[] | null;
  steps: string[] | null;
  runConfig: Record<string, unknown>;
  /** Dagster's tags; `dagster/priority`, `dagster/partition`, … mean what they mean there. */
  tags: Record<string, string>;
  partition: RunContext["partition"];
  parentRunId: string | null;
  rootRunId: string | null;
  known: RunContext["known"];
  /** Whatever pins the code: the image at submit time, or the definitions hash locally. */
  codeVersion: string | null;
  /** Second submit with the same key gives the first run back: `schedule:<location>:<name>:<tick>`, `cr:<uid>`, … */
  idempotencyKey: string | null;
  /** Concurrency pools that its steps are in; absent or null = none. */
  pools?: RunPools | null | undefined;
}

export interface RunRecord extends NewRun {
  status: RunStatus;
  priority: number;
  /** Highest worker attempt started; 0 before the first. */
  attempt: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  updatedAt: number;
  /** Why it failed, for lists; the whole is in the events. */
  error: ErrorInfo | null;
  stepsTotal: number;
  stepsDone: number;
  /** Assets that the run said it will make, from its plan. */
  plannedAssets: string[][];
}

export interface StepRecord {
  stepKey: string;
  status: StepStatus;
  attempts: number;
  startedAt: number | null;
  endedAt: number | null;
  error: ErrorInfo | null;
}

export interface RunFilter {
  runIds?: string[] | undefined;
  statuses?: RunStatus[] | undefined;
  job?: string | undefined;
  location?: string | undefined;
  /** Every one must match. A list of values means "any of these". */
  tags?: { key: string; values: string[] }[] | undefined;
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
  updatedAfter?: number | undefined;
  /** Runs that planned or made this asset. */
  asset?: string[] | undefined;
}

export interface PartitionRun {
  runId: string;
  status: RunStatus;
  startedAt: number | null;
  endedAt: number | null;
}

export interface QueueLimits {
  /** −1 = no limit, 0 = the queue is paused. */
  maxConcurrentRuns: number;
  tagLimits: {
    key: string;
    value?: string | undefined;
    perUniqueValue?: boolean | undefined;
    limit: number;
  }[];
  /** Default: pools without a limit have none, granularity `op`. */
  pools?: PoolSettings | undefined;
}

export interface RunStorage {
  /** Writes QUEUED rows and their RUN_ENQUEUED events in one statement; `created: false` where the idempotency key was known. */
  submit(runs: NewRun[]): Promise<{ runId: string; created: boolean }[]>;
  get(runId: string): Promise<RunRecord | null>;
  /** Newest first. `cursor` is a run id: strictly older runs follow. */
  list(
    filter: RunFilter,
    page: { limit: number; cursor?: string | undefined; ascending?: boolean | undefined },
  ): Promise<RunRecord[]>;
  count(filter: RunFilter): Promise<number>;
  /** Newest run of each partition of a job, by partition key; runs of a range are left out. */
  newestByPartition(location: string, job: string): Promise<Map<string, PartitionRun>>;
  steps(runId: string): Promise<StepRecord[]>;
  /**
   * Takes queued runs by priority, then age, up to the limits: QUEUED → STARTING with RUN_DEQUEUED and RUN_STARTING events
   * and a `launch` compute request each, in one transaction. Safe with any number of callers at once.
   */
  dequeue(limits: QueueLimits, max: number): Promise<string[]>;
  /**
   * QUEUED → CANCELED at once; STARTING and STARTED → CANCELING with a `cancel` compute request; otherwise nothing.
   * `force` marks it CANCELED whatever it is doing. Returns the status after.
   * @throws NotFound
   */
  cancel(runId: string, options?: { force?: boolean; reason?: string }): Promise<RunStatus>;
  /** All runs that are not queued and have not ended, oldest first. */
  underWay(): Promise<RunUnderWay[]>;
  /**
   * A worker of this attempt is gone: asks for the next one, and writes `event`. False = nothing was done, because the run has
   * ended or is being cancelled, or another attempt has taken over.
   * @throws NotFound
   */
  resume(run: { runId: string; attempt: number }, event: RunEvent): Promise<boolean>;
  /** Removes a run with its events and steps; asset history stays. A run that is not terminal is refused. @throws Conflict */
  delete(runId: string): Promise<void>;
  /** All values of a tag key, for filters. */
  tagValues(key: string, prefix: string, limit: number): Promise<string[]>;
  tagKeys(): Promise<string[]>;
}
