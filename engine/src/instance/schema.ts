/** The keys of `dagster.yaml` that have a meaning here, those that are accepted without one, and those that are refused. */
import { z } from "zod";

const whole = z.number().int().nonnegative();
const positive = z.number().int().positive();
const seconds = z.number().nonnegative();
/** −1 = for ever. */
const days = z.number().min(-1);
const anything = z.unknown().optional();

const TagLimit = z.strictObject({
  key: z.string().min(1),
  value: z.union([z.string(), z.strictObject({ applyLimitPerUniqueValue: z.boolean() })]).optional(),
  limit: whole,
});
const queue = {
  max_concurrent_runs: z.number().int().min(-1).optional(),
  tag_concurrency_limits: z.array(TagLimit).nullish(),
};
/** Knobs of Dagster's own queue. */
const queueKnobs = {
  dequeue_interval_seconds: anything,
  dequeue_use_threads: anything,
  dequeue_num_workers: anything,
  max_user_code_failure_retries: anything,
  user_code_failure_retry_delay: anything,
  should_block_op_concurrency_limited_runs: anything,
  op_concurrency_slot_buffer: anything,
  block_op_concurrency_limited_runs: anything,
};
const workers = { num_workers: positive.optional(), use_threads: anything, num_submit_workers: anything };
const tickDays = z
  .strictObject({
    purge_after_days: z
      .union([
        days,
        z.strictObject({
          success: days.optional(),
          skipped: days.optional(),
          failure: days.optional(),
          started: anything,
        }),
      ])
      .optional(),
  })
  .optional();
/** By how a run or a backfill ended. */
const endDays = z.union([
  days,
  z.strictObject({ success: days.optional(), failure: days.optional(), canceled: days.optional() }),
]);
const purge = z.strictObject({ purge_after_days: days }).optional();
/** A text, or the environment variable that holds it. */
const text = z.union([z.string(), z.strictObject({ env: z.string().min(1) })]);

export const InstanceSchema = z.strictObject({
  run_queue: z.strictObject({ ...queue, ...queueKnobs }).optional(),
  run_coordinator: z
    .strictObject({
      module: z.string().optional(),
      class: z.string().optional(),
      config: z.strictObject({ ...queue, ...queueKnobs }).optional(),
    })
    .optional(),
  concurrency: z
    .strictObject({
      default_op_concurrency_limit: whole.optional(),
      runs: z.strictObject(queue).optional(),
      pools: z
        .strictObject({
          default_limit: whole.nullish(),
          granularity: z.enum(["op", "run"]).optional(),
          op_granularity_run_buffer: whole.optional(),
        })
        .optional(),
    })
    .optional(),
  run_monitoring: z
    .strictObject({
      enabled: z.boolean().optional(),
      start_timeout_seconds: seconds.optional(),
      cancel_timeout_seconds: seconds.optional(),
      max_runtime_seconds: seconds.optional(),
      max_resume_run_attempts: whole.optional(),
      poll_interval_seconds: z.number().positive().optional(),
      cancellation_thread_poll_interval_seconds: anything,
      free_slots_after_run_end_seconds: anything,
    })
    .optional(),
  run_retries: z
    .strictObject({
      enabled: z.boolean().optional(),
      max_retries: whole.optional(),
      retry_on_asset_or_op_failure: z.boolean().optional(),
    })
    .optional(),
  retention: z
    .strictObject({
      schedule: tickDays,
      sensor: tickDays,
      auto_materialize: tickDays,
      runs: z
        .strictObject({
          purge_after_days: endDays.optional(),
          by_tag: z
            .array(
              z.strictObject({
                key: z.string().min(1),
                value: z.string().optional(),
                purge_after_days: days,
              }),
            )
            .optional(),
        })
        .optional(),
      backfills: z.strictObject({ purge_after_days: endDays }).optional(),
      events: purge,
      compute_logs: purge,
      asset_events: purge,
    })
    .optional(),
  webhooks: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        url: text,
        secret: text.optional(),
        events: z
          .array(z.enum(["run_start", "run_success", "run_failure", "run_canceled"]))
          .min(1)
          .optional(),
        jobs: z.array(z.string()).optional(),
        timeout_seconds: z.number().positive().max(60).optional(),
        max_attempts: positive.max(50).optional(),
      }),
    )
    .optional(),
  schedules: z.strictObject({ ...workers, max_catchup_runs: whole.optional() }).optional(),
  sensors: z.strictObject(workers).optional(),
  telemetry: anything,
  nux: anything,
  python_logs: anything,
  code_servers: anything,
  secrets: anything,
  freshness: anything,
  auto_materialize: anything,
  backfills: anything,
  storage: anything,
  run_storage: anything,
  event_log_storage: anything,
  schedule_storage: anything,
  compute_logs: anything,
  local_artifact_storage: anything,
  run_launcher: anything,
  scheduler: anything,
  instance_class: anything,
  custom_instance_class: anything,
});
export type InstanceFile = z.output<typeof InstanceSchema>;

const KNOBS: Record<keyof typeof queueKnobs, string> = {
  dequeue_interval_seconds: "the queue is woken at once",
  dequeue_use_threads: "runs leave the queue in batches",
  dequeue_num_workers: "runs leave the queue in batches",
  max_user_code_failure_retries: "a run waits in the queue for nothing of its code",
  user_code_failure_retry_delay: "a run waits in the queue for nothing of its code",
  should_block_op_concurrency_limited_runs: "runs whose steps could not start always wait in the queue",
  op_concurrency_slot_buffer: "use concurrency.pools.op_granularity_run_buffer",
  block_op_concurrency_limited_runs: "use concurrency.pools.op_granularity_run_buffer",
};
const knobs = (at: string) =>
  Object.fromEntries(Object.entries(KNOBS).map(([key, why]) => [`${at}.${key}`, why]));

/** Accepted, so that a file can be brought along, and without effect: path → why. */
export const IGNORED: Readonly<Record<string, string>> = {
  ...knobs("run_queue"),
  ...knobs("run_coordinator.config"),
  "run_monitoring.cancellation_thread_poll_interval_seconds": "a worker is told at once",
  "run_monitoring.free_slots_after_run_end_seconds": "slots are free as soon as a run has ended",
  "schedules.use_threads": "there is no need for threads",
  "schedules.num_submit_workers": "runs are submitted in batches",
  "sensors.use_threads": "there is no need for threads",
  "sensors.num_submit_workers": "runs are submitted in batches",
  telemetry: "nothing is sent anywhere",
  nux: "the page asks for nothing",
  python_logs: "there is no Python process in the system",
  code_servers: "code servers load beside each other, and are waited for",
  secrets: "use env() in code, and environment variables",
  freshness: "there is nothing to switch on",
  backfills: "backfills need no workers of their own",
  auto_materialize: "automation needs no daemon of its own to be set up",
};

/** Refused, because ignoring them would do something else than what is asked: key → what to do instead. */
export const REFUSED: Readonly<Record<string, string>> = {
  storage: "name the storage with --storage DIR|postgres://…; in a cluster by the chart's postgresql values",
  run_storage:
    "name the storage with --storage DIR|postgres://…; in a cluster by the chart's postgresql values",
  event_log_storage:
    "name the storage with --storage DIR|postgres://…; in a cluster by the chart's postgresql values",
  schedule_storage:
    "name the storage with --storage DIR|postgres://…; in a cluster by the chart's postgresql values",
  compute_logs: "logs are kept in the storage",
  local_artifact_storage: "values are kept in the storage folder",
  run_launcher:
    "a local system runs each run in a process of its own; in a cluster the operator makes Jobs, set by the chart's runLauncher",
  scheduler: "the daemon is built in",
  instance_class: "there is one kind of instance",
  custom_instance_class: "there is one kind of instance",
};
