import {
  DEFAULT_MONITORING,
  DEFAULT_RETENTION,
  DEFAULT_RETRIES,
  type InstanceConfig,
  type MonitoringSettings,
  type QueueLimits,
  type RetentionSettings,
  type RetrySettings,
  type Webhook,
} from "@dagster-operator/engine";

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
  /** [`run_monitoring`] Default: 180 s to start, 180 s to stop, no maximum runtime but that of the tag `dagster/max_runtime`. */
  monitoring: MonitoringSettings;
  /** [`run_retries`] Default: only runs whose tags ask for it. */
  retries: RetrySettings;
  /** [`retention`] Default: skipped ticks are forgotten after a week. */
  retention: RetentionSettings;
  /** [`webhooks`] Default none. */
  webhooks: Webhook[];
}

export const DEFAULT_CONFIG: DaemonConfig = {
  queue: { maxConcurrentRuns: 10, tagLimits: [] },
  maxCatchupRuns: 5,
  scheduleConcurrency: 8,
  sensorConcurrency: 8,
  evaluationTimeoutMs: 60_000,
  monitoring: DEFAULT_MONITORING,
  retries: DEFAULT_RETRIES,
  retention: DEFAULT_RETENTION,
  webhooks: [],
};

/** The daemon's part of an instance's settings. */
export function daemonConfig(instance: InstanceConfig): Partial<DaemonConfig> {
  const { maxResumeAttempts: _computeLoop, ...own } = instance;
  return own;
}
