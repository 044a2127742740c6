/** What is forgotten and when: `retention` of `dagster.yaml`. Days; null = kept for ever. */

export type TickEnd = "SUCCESS" | "SKIPPED" | "FAILURE";
export type RunEnd = "SUCCESS" | "FAILURE" | "CANCELED";

export interface RetentionSettings {
  /** Runs with their events, steps and logs, by how they ended. What they made of assets stays. */
  runs: Record<RunEnd, number | null>;
  /** Runs with a tag, before all others: the first that fits counts. `value` absent = any. */
  runsWithTag: { key: string; value?: string | undefined; days: number | null }[];
  /** Backfills of which no run is left, by how they ended. */
  backfills: Record<RunEnd, number | null>;
  /** Events of runs that stay themselves. */
  events: number | null;
  /** Stdout and stderr of runs that stay themselves. */
  computeLogs: number | null;
  /** Materializations, observations and check results, except the newest of each asset, partition and check. */
  assetEvents: number | null;
  ticks: Record<"SCHEDULE" | "SENSOR" | "AUTO_MATERIALIZE", Record<TickEnd, number | null>>;
}

const ticks = (): Record<TickEnd, number | null> => ({ SUCCESS: null, SKIPPED: 7, FAILURE: null });

/** Dagster's: skipped ticks for a week, all else for ever. */
export const DEFAULT_RETENTION: RetentionSettings = {
  runs: { SUCCESS: null, FAILURE: null, CANCELED: null },
  runsWithTag: [],
  backfills: { SUCCESS: null, FAILURE: null, CANCELED: null },
  events: null,
  computeLogs: null,
  assetEvents: null,
  ticks: { SCHEDULE: ticks(), SENSOR: ticks(), AUTO_MATERIALIZE: ticks() },
};
