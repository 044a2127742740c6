import { expect, test } from "@jest/globals";
import { InvalidInput } from "../src/errors.ts";
import { ignoredKeys, parseInstanceConfig } from "../src/instance/config.ts";
import { InstanceSchema } from "../src/instance/schema.ts";

test("without a file the queue has Dagster's defaults and the rest is left to the processes", () => {
  expect(parseInstanceConfig(null)).toEqual({ queue: { maxConcurrentRuns: 10, tagLimits: [] } });
});

test("the keys of dagster.yaml are read", () => {
  const text = JSON.stringify({
    run_queue: {
      max_concurrent_runs: -1,
      tag_concurrency_limits: [
        { key: "db", value: "prod", limit: 2 },
        { key: "team", value: { applyLimitPerUniqueValue: true }, limit: 1 },
        { key: "any", limit: 3 },
      ],
    },
    schedules: { num_workers: 4, max_catchup_runs: 0 },
    sensors: { num_workers: 2 },
  });
  expect(parseInstanceConfig(text)).toEqual({
    queue: {
      maxConcurrentRuns: -1,
      tagLimits: [
        { key: "db", value: "prod", limit: 2 },
        { key: "team", perUniqueValue: true, limit: 1 },
        { key: "any", limit: 3 },
      ],
    },
    maxCatchupRuns: 0,
    scheduleConcurrency: 4,
    sensorConcurrency: 2,
  });
});

test.each([
  ['{"run_queue": {"max_concurrent_runs": -2}}', "run_queue.max_concurrent_runs"],
  ['{"run_queues": {}}', "run_queues"],
  [
    '{"run_queue": {"max_concurent_runs": 2}}',
    'unknown key "max_concurent_runs": did you mean "max_concurrent_runs"?',
  ],
  ['{"run_retrys": {}}', 'did you mean "run_retries"?'],
  ['{"storage": {"sqlite": {}}}', "name the storage with --storage"],
  ['{"run_coordinator": {"class": "DefaultRunCoordinator"}}', "runs always go through the queue"],
  ['{"run_queue": {}, "concurrency": {"runs": {}}}', "set twice"],
  ['{"webhooks": [{"name": "a", "url": "ftp://x"}]}', "no http or https URL"],
  ['{"webhooks": [{"name": "a", "url": "http://x", "secret": {"env": "NOT_SET"}}]}', "NOT_SET is not set"],
  ['{"retention": {"runs": {"purge_after_days": -2}}}', "retention.runs.purge_after_days"],
  ["{", "is no JSON"],
])("%s is refused", (text, told) => {
  expect(() => parseInstanceConfig(text, {})).toThrow(InvalidInput);
  expect(() => parseInstanceConfig(text, {})).toThrow(told);
});

test("monitoring, retries, retention, pools and webhooks are read", () => {
  const text = JSON.stringify({
    concurrency: { pools: { default_limit: 3, granularity: "run" } },
    run_monitoring: { start_timeout_seconds: 300, cancel_timeout_seconds: 0, max_resume_run_attempts: 2 },
    run_retries: { enabled: true, max_retries: 2, retry_on_asset_or_op_failure: false },
    retention: {
      schedule: { purge_after_days: 90 },
      sensor: { purge_after_days: { skipped: 1, failure: 30, success: -1 } },
      runs: { purge_after_days: { success: 30 }, by_tag: [{ key: "keep", purge_after_days: -1 }] },
      backfills: { purge_after_days: { success: 60, canceled: 0 } },
      compute_logs: { purge_after_days: 14 },
    },
    webhooks: [
      { name: "alerts", url: { env: "HOOK" }, secret: { env: "KEY" }, events: ["run_success", "run_start"] },
    ],
  });
  const config = parseInstanceConfig(text, { HOOK: "https://example.com/x", KEY: "k" });
  expect(config.queue.pools).toEqual({ defaultLimit: 3, granularity: "run", runBuffer: 0 });
  expect(config).toMatchObject({
    monitoring: { startTimeoutMs: 300_000, cancelTimeoutMs: null, maxRuntimeMs: null, pollIntervalMs: 5_000 },
    maxResumeAttempts: 2,
    retries: { maxRetries: 2, onStepFailure: false },
    retention: {
      runs: { SUCCESS: 30, FAILURE: null, CANCELED: null },
      runsWithTag: [{ key: "keep", days: null }],
      backfills: { SUCCESS: 60, FAILURE: null, CANCELED: 0 },
      events: null,
      computeLogs: 14,
      ticks: {
        SCHEDULE: { SUCCESS: 90, SKIPPED: 90, FAILURE: 90 },
        SENSOR: { SUCCESS: null, SKIPPED: 1, FAILURE: 30 },
        AUTO_MATERIALIZE: { SUCCESS: null, SKIPPED: 7, FAILURE: null },
      },
    },
    webhooks: [
      {
        name: "alerts",
        url: "https://example.com/x",
        secret: "k",
        events: ["RUN_START", "RUN_SUCCESS"],
        jobs: [],
        timeoutMs: 10_000,
        maxTries: 12,
      },
    ],
  });
  // The webserver needs no secrets.
  expect(parseInstanceConfig(text).webhooks?.[0]?.secret).toBeNull();
});

test("keys of Dagster that change nothing here are accepted and named", () => {
  const file = InstanceSchema.parse({
    run_queue: { dequeue_use_threads: true, dequeue_num_workers: 8 },
    telemetry: { enabled: false },
    sensors: { use_threads: true, num_workers: 4 },
  });
  expect(ignoredKeys(file)).toEqual([
    "run_queue.dequeue_use_threads has no effect: runs leave the queue in batches",
    "run_queue.dequeue_num_workers has no effect: runs leave the queue in batches",
    "sensors.use_threads has no effect: there is no need for threads",
    "telemetry has no effect: nothing is sent anywhere",
  ]);
});
