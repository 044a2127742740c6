import type { QueueLimits } from "@dagster-operator/engine";

/** What an installation may set; the names of `dagster.yaml` in brackets. Times in milliseconds. */
export interface DaemonConfig {
  /** [`run_queue.max_concurrent_runs`, `run_queue.tag_concurrency_limits`] Default 10 runs, no tag limits. */
  queue: QueueLimits;
  /** [`schedules.max_catchup_runs`] Missed ticks of a partitioned job that are made up for. Default 5. */
  maxCatchupRuns: number;
  /** [`schedules.num_workers`] Schedules evaluated at once. Default 8. */
  scheduleConcurrency: number;
  /** [`sensors.num_workers`] Sensors evaluated at once. Default 8. */
  sensorConcurrency: number;
  /** How long an evaluation may take before it is a failed tick. Default 60,000. */
  evaluationTimeoutMs: number;
}

export const DEFAULT_CONFIG: DaemonConfig = {
  queue: { maxConcurrentRuns: 10, tagLimits: [] },
  maxCatchupRuns: 5,
  scheduleConcurrency: 8,
  sensorConcurrency: 8,
  evaluationTimeoutMs: 60_000,
};
