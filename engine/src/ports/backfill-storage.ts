import type { ErrorInfo, RunContext, RunStatus } from "@dagster-operator/sdk/internal";

/** Dagster's BulkActionStatus, without those that only its older versions write. */
export type BackfillStatus =
  | "REQUESTED"
  | "CANCELING"
  | "CANCELED"
  | "COMPLETED_SUCCESS"
  | "COMPLETED_FAILED"
  | "FAILED";

/**
 * One letter a partition: `W` waits, `R` requested and its run has not ended, `D` done, `F` its run failed, `S` skipped because
 * something upstream of it was not made, `C` canceled.
 */
export type PartitionLetter = "W" | "R" | "D" | "F" | "S" | "C";

/** Partitions of one asset, or of the job when `asset` is null. */
export interface BackfillTarget {
  /** Code location whose code makes it. */
  location: string;
  asset: string[] | null;
  /** Keys in the order of their definition; null = it has no partitions and is made once. */
  partitions: string[] | null;
}

/** All times in this file are milliseconds since the epoch. */
export interface NewBackfill {
  /** Eight lower case letters, as in Dagster; made by the caller. */
  backfillId: string;
  location: string;
  /** null for a backfill of assets. */
  job: string | null;
  targets: BackfillTarget[];
  /** Of a job: continue the newest run of each partition from its failure instead of running it all. */
  fromFailure: boolean;
  steps: string[] | null;
  /** Absent keys = the job's own run config. */
  runConfig: Record<string, unknown>;
  /** Added to each run, besides `dagster/backfill`. */
  tags: Record<string, string>;
  title: string | null;
  description: string | null;
  /** The backfill that this one runs again. */
  parentId: string | null;
  /** Second submit with the same key gives the first backfill back: `cr:<uid>`, `manifest:…`. */
  idempotencyKey: string | null;
}

export interface BackfillCounts {
  waiting: number;
  requested: number;
  done: number;
  failed: number;
  skipped: number;
  canceled: number;
}

/** What lists show: everything but the partitions one by one. */
export interface BackfillRecord extends Omit<NewBackfill, "targets"> {
  status: BackfillStatus;
  /** Requests nothing more until it is let go on. */
  paused: boolean;
  /** In the order of the targets; empty for a job. */
  assets: string[][];
  /** Partitions of each target, where all have as many; null where they differ. */
  numPartitions: number | null;
  /** Over all assets and partitions. */
  counts: BackfillCounts;
  createdAt: number;
  updatedAt: number;
  endedAt: number | null;
  error: ErrorInfo | null;
}

export interface BackfillDetail extends BackfillRecord {
  targets: BackfillTarget[];
  /** A text of `PartitionLetter` for each target, a letter for each of its partitions (one where it has none). */
  states: string[];
}

export interface BackfillFilter {
  backfillIds?: string[] | undefined;
  statuses?: BackfillStatus[] | undefined;
  location?: string | undefined;
  job?: string | undefined;
  asset?: string[] | undefined;
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
}

/** What a backfill needs to know of one of its runs. */
export interface BackfillRun {
  runId: string;
  location: string;
  status: RunStatus;
  /** Of a failed run that will or may be retried by itself, as long as nobody has said no: its partitions are not lost yet. */
  willRetry: boolean;
  assets: string[][] | null;
  partition: RunContext["partition"];
  /** Of a run that ended well: what it planned and did not make. Of another: what it made. Else empty. Partition "" = none. */
  exceptions: { asset: string[]; partition: string }[];
}

export interface BackfillStorage {
  /**
   * Writes it as REQUESTED with every partition waiting. `created: false` where the idempotency key was known; the id is then
   * the first one's, or the given one where retention has removed that.
   */
  submit(backfill: NewBackfill): Promise<{ backfillId: string; created: boolean }>;
  get(backfillId: string): Promise<BackfillDetail | null>;
  /** Newest first. `cursor` is a backfill id: strictly older ones follow. */
  list(
    filter: BackfillFilter,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<BackfillRecord[]>;
  count(filter: BackfillFilter): Promise<number>;
  /** REQUESTED and FAILED → CANCELING, for a daemon to do; otherwise nothing. Returns the status after. @throws NotFound */
  cancel(backfillId: string): Promise<BackfillStatus>;
  /** FAILED → REQUESTED: what still waits is requested after all; otherwise nothing. Returns the status after. @throws NotFound */
  resume(backfillId: string): Promise<BackfillStatus>;
  /** @throws NotFound · Conflict it has ended */
  setPaused(backfillId: string, paused: boolean): Promise<void>;
  /** Leases up to `max` that are REQUESTED and not paused, or CANCELING, oldest look first. */
  claim(owner: string, max: number, leaseMs: number): Promise<BackfillDetail[]>;
  /** Prolongs a lease. False = it was lost: somebody else decides now. */
  renew(backfillId: string, owner: string, leaseMs: number): Promise<boolean>;
  /**
   * Stores what was decided and gives the lease back; nobody looks again for `delayMs`. A cancel that came meanwhile is kept:
   * of a CANCELING backfill only the end CANCELED is taken. False = the lease was lost and nothing was stored.
   */
  save(
    backfillId: string,
    owner: string,
    outcome: { states: string[]; status: BackfillStatus; error?: ErrorInfo | null | undefined },
    delayMs: number,
  ): Promise<boolean>;
  /** Its runs that are there, oldest first. */
  runs(backfillId: string): Promise<BackfillRun[]>;
  /** QUEUED → CANCELED for all of its runs in one statement. Returns how many. */
  cancelQueuedRuns(backfillId: string, reason: string): Promise<number>;
}
