import type { RunEnd, TickEnd } from "../retention/settings.ts";

interface Tag {
  key: string;
  value?: string | undefined;
}

/** Runs that ended one of these ways before a time (ms since the epoch). */
export interface EndedRuns {
  statuses: readonly RunEnd[];
  before: number;
  /** Only with this tag. */
  tag?: Tag | undefined;
  /** Only with none of these. */
  without: readonly Tag[];
}

/** Forgetting, in small batches beside all else; safe with any number of daemons. All times in milliseconds since the epoch. */
export interface Retention {
  /** Run ids, oldest end first. */
  endedRuns(which: EndedRuns, limit: number): Promise<string[]>;
  /**
   * Removes ended runs with their events, steps and tags; what they made of assets stays, and the key of a manifest and a
   * sensor's run key stay spent (a run without one is of one tick, which has ended: nothing is kept of it). Number of runs.
   */
  deleteRuns(runIds: readonly string[]): Promise<number>;
  /**
   * Removes backfills that ended this way before and of which no run is there; their idempotency keys stay spent. A FAILED
   * one counts as ended by failure. Number removed, at most `limit`.
   */
  purgeBackfills(end: RunEnd, before: number, limit: number): Promise<number>;
  /** Removes the events of up to `limit` runs that ended before. Number of runs. */
  purgeEvents(before: number, limit: number): Promise<number>;
  /** Runs that ended before and whose logs nobody has purged. */
  runsWithLogs(before: number, limit: number): Promise<string[]>;
  logsPurged(runIds: readonly string[]): Promise<void>;
  /** Number of ticks removed, at most `limit`. */
  purgeTicks(
    kind: "SCHEDULE" | "SENSOR" | "AUTO_MATERIALIZE",
    status: TickEnd,
    before: number,
    limit: number,
  ): Promise<number>;
  /**
   * Looks at `limit` entries of asset history behind `after`, and removes those that are older and not the newest of their
   * asset, partition or check. Returns where to go on; null = there is nothing older.
   */
  purgeAssetEvents(before: number, after: number, limit: number): Promise<number | null>;
  /** Notices that ended before. Number removed. */
  purgeNotices(before: number, limit: number): Promise<number>;
  /** Makes the room of what is gone usable again, where the database does not do that by itself. */
  vacuum(): Promise<void>;
}
