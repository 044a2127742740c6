/** Settings of an installation, in the keys of `dagster.yaml`: a file of `dagsterctl dev`, or what the chart writes. */
import type { z } from "zod";
import { InvalidInput, type Issue } from "../errors.ts";
import { DEFAULT_MONITORING, type MonitoringSettings } from "../monitoring/overdue.ts";
import { DEFAULT_RETRIES, type RetrySettings } from "../monitoring/retry.ts";
import { DEFAULT_POOL_SETTINGS, type PoolSettings } from "../ports/pool-storage.ts";
import type { QueueLimits } from "../ports/run-storage.ts";
import {
  DEFAULT_RETENTION,
  type RetentionSettings,
  type RunEnd,
  type TickEnd,
} from "../retention/settings.ts";
import { didYouMean } from "../submit/nearest.ts";
import { WEBHOOK_EVENTS, type Webhook } from "../webhooks/settings.ts";
import { IGNORED, type InstanceFile, InstanceSchema, REFUSED } from "./schema.ts";
import { keysAt } from "./schema-keys.ts";

/** Fields that are absent have the default of the process that uses them. */
export interface InstanceConfig {
  /** Default 10 runs at once, as in Dagster. */
  queue: QueueLimits;
  maxCatchupRuns?: number;
  scheduleConcurrency?: number;
  sensorConcurrency?: number;
  monitoring?: MonitoringSettings;
  /** How often a run whose worker is gone goes on with a new one. */
  maxResumeAttempts?: number;
  retries?: RetrySettings;
  retention?: RetentionSettings;
  webhooks?: Webhook[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `text`: the file as JSON; null = all defaults. `env` null: what is only in the environment is not needed. @throws InvalidInput naming each wrong key */
export function parseInstanceConfig(text: string | null, env: Environment | null = null): InstanceConfig {
  const parsed = InstanceSchema.safeParse(text === null ? {} : json(text));
  const issues = parsed.success
    ? instanceIssues(parsed.data, env)
    : parsed.error.issues.flatMap((issue) => words(issue));
  if (!parsed.success || issues.length > 0) {
    const said = issues
      .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
      .join("; ");
    throw new InvalidInput(`the instance configuration is wrong: ${said}`, issues);
  }
  return instanceConfig(parsed.data, env);
}

/** What the schema cannot say. Paths are of keys. */
export function instanceIssues(file: InstanceFile, env: Environment | null): Issue[] {
  const issues: Issue[] = Object.keys(file)
    .filter((key) => key in REFUSED)
    .map((key) => ({ path: key, message: `"${key}" cannot be set here: ${REFUSED[key]}` }));
  const coordinator = file.run_coordinator?.class;
  if (coordinator !== undefined && coordinator !== "QueuedRunCoordinator")
    issues.push({
      path: "run_coordinator.class",
      message: `${coordinator} is not available: runs always go through the queue (QueuedRunCoordinator)`,
    });
  for (const { path } of queuesOf(file).slice(1))
    issues.push({ path, message: "the run queue is set twice in this file; keep one of the two" });
  const names = new Set<string>();
  for (const [index, hook] of (file.webhooks ?? []).entries()) {
    if (names.has(hook.name))
      issues.push({ path: `webhooks.${index}.name`, message: `there are two webhooks "${hook.name}"` });
    names.add(hook.name);
    for (const key of ["url", "secret"] as const) {
      const given = hook[key];
      if (typeof given === "object" && env && !env[given.env])
        issues.push({
          path: `webhooks.${index}.${key}`,
          message: `the environment variable ${given.env} is not set`,
        });
    }
    const url = textOf(hook.url, env);
    if (url && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
      issues.push({ path: `webhooks.${index}.url`, message: "is no http or https URL" });
  }
  return issues;
}

/** Keys that are given and have no effect here: `run_queue.dequeue_num_workers: runs leave the queue in batches`. */
export function ignoredKeys(file: InstanceFile): string[] {
  const notes: string[] = [];
  for (const [path, why] of Object.entries(IGNORED)) {
    let at: unknown = file;
    for (const key of path.split("."))
      at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined;
    if (at !== undefined) notes.push(`${path} has no effect: ${why}`);
  }
  return notes;
}

/** Of a file without issues. */
export function instanceConfig(file: InstanceFile, env: Environment | null = null): InstanceConfig {
  const queue = queuesOf(file)[0]?.queue;
  const pools = poolSettings(file);
  const { schedules, sensors, run_monitoring, run_retries, retention, webhooks } = file;
  const resume = run_monitoring?.enabled === false ? undefined : run_monitoring?.max_resume_run_attempts;
  return {
    queue: {
      maxConcurrentRuns: queue?.max_concurrent_runs ?? 10,
      tagLimits: (queue?.tag_concurrency_limits ?? []).map(({ key, value, limit }) => ({
        key,
        limit,
        ...(typeof value === "string"
          ? { value }
          : value?.applyLimitPerUniqueValue
            ? { perUniqueValue: true }
            : {}),
      })),
      ...(pools ? { pools } : {}),
    },
    ...(schedules?.max_catchup_runs === undefined ? {} : { maxCatchupRuns: schedules.max_catchup_runs }),
    ...(schedules?.num_workers === undefined ? {} : { scheduleConcurrency: schedules.num_workers }),
    ...(sensors?.num_workers === undefined ? {} : { sensorConcurrency: sensors.num_workers }),
    ...(run_monitoring ? { monitoring: monitoring(run_monitoring) } : {}),
    ...(resume === undefined ? {} : { maxResumeAttempts: resume }),
    ...(run_retries ? { retries: retries(run_retries) } : {}),
    ...(retention ? { retention: retentionSettings(retention) } : {}),
    ...(webhooks ? { webhooks: webhooks.map((hook) => webhook(hook, env)) } : {}),
  };
}

function queuesOf({ run_queue, run_coordinator, concurrency }: InstanceFile) {
  const said = [
    { path: "run_queue", queue: run_queue },
    { path: "run_coordinator.config", queue: run_coordinator?.config },
    { path: "concurrency.runs", queue: concurrency?.runs },
  ];
  return said.filter(({ queue }) => queue !== undefined);
}

function poolSettings({ concurrency }: InstanceFile): PoolSettings | null {
  const pools = concurrency?.pools;
  const older = concurrency?.default_op_concurrency_limit;
  if (!pools && older === undefined) return null;
  return {
    defaultLimit: pools?.default_limit ?? older ?? DEFAULT_POOL_SETTINGS.defaultLimit,
    granularity: pools?.granularity ?? DEFAULT_POOL_SETTINGS.granularity,
    runBuffer: pools?.op_granularity_run_buffer ?? DEFAULT_POOL_SETTINGS.runBuffer,
  };
}

/** 0 seconds = no limit. */
function monitoring(given: NonNullable<InstanceFile["run_monitoring"]>): MonitoringSettings {
  const limit = (value: number | undefined, byDefault: number | null) =>
    value === undefined ? byDefault : value === 0 ? null : value * 1000;
  const off = given.enabled === false;
  return {
    startTimeoutMs: off ? null : limit(given.start_timeout_seconds, DEFAULT_MONITORING.startTimeoutMs),
    cancelTimeoutMs: off ? null : limit(given.cancel_timeout_seconds, DEFAULT_MONITORING.cancelTimeoutMs),
    maxRuntimeMs: off ? null : limit(given.max_runtime_seconds, DEFAULT_MONITORING.maxRuntimeMs),
    pollIntervalMs: (given.poll_interval_seconds ?? DEFAULT_MONITORING.pollIntervalMs / 1000) * 1000,
  };
}

function retries(given: NonNullable<InstanceFile["run_retries"]>): RetrySettings {
  return {
    maxRetries: given.enabled ? (given.max_retries ?? 0) : 0,
    onStepFailure: given.retry_on_asset_or_op_failure ?? DEFAULT_RETRIES.onStepFailure,
  };
}

const daysOf = (value: number | undefined, byDefault: number | null) =>
  value === undefined ? byDefault : value < 0 ? null : value;

function retentionSettings(given: NonNullable<InstanceFile["retention"]>): RetentionSettings {
  const ticks = (of: typeof given.schedule, byDefault: Record<TickEnd, number | null>) => {
    const days = of?.purge_after_days;
    const each = typeof days === "object" ? days : { success: days, skipped: days, failure: days };
    return {
      SUCCESS: daysOf(each.success, byDefault.SUCCESS),
      SKIPPED: daysOf(each.skipped, byDefault.SKIPPED),
      FAILURE: daysOf(each.failure, byDefault.FAILURE),
    };
  };
  type EndDays = NonNullable<typeof given.backfills>["purge_after_days"] | undefined;
  const ends = (days: EndDays, byDefault: Record<RunEnd, number | null>) => {
    const each = typeof days === "object" ? days : { success: days, failure: days, canceled: days };
    return {
      SUCCESS: daysOf(each.success, byDefault.SUCCESS),
      FAILURE: daysOf(each.failure, byDefault.FAILURE),
      CANCELED: daysOf(each.canceled, byDefault.CANCELED),
    };
  };
  const base = DEFAULT_RETENTION;
  return {
    runs: ends(given.runs?.purge_after_days, base.runs),
    backfills: ends(given.backfills?.purge_after_days, base.backfills),
    runsWithTag: (given.runs?.by_tag ?? []).map(({ key, value, purge_after_days }) => ({
      key,
      ...(value === undefined ? {} : { value }),
      days: daysOf(purge_after_days, null),
    })),
    events: daysOf(given.events?.purge_after_days, base.events),
    computeLogs: daysOf(given.compute_logs?.purge_after_days, base.computeLogs),
    assetEvents: daysOf(given.asset_events?.purge_after_days, base.assetEvents),
    ticks: {
      SCHEDULE: ticks(given.schedule, base.ticks.SCHEDULE),
      SENSOR: ticks(given.sensor, base.ticks.SENSOR),
      AUTO_MATERIALIZE: ticks(given.auto_materialize, base.ticks.AUTO_MATERIALIZE),
    },
  };
}

type WebhookFile = NonNullable<InstanceFile["webhooks"]>[number];

function webhook(hook: WebhookFile, env: Environment | null): Webhook {
  const events = new Set((hook.events ?? ["run_failure"]).map((event) => event.toUpperCase()));
  return {
    name: hook.name,
    url: textOf(hook.url, env) ?? "",
    secret: hook.secret === undefined ? null : textOf(hook.secret, env),
    events: WEBHOOK_EVENTS.filter((event) => events.has(event)),
    jobs: hook.jobs ?? [],
    timeoutMs: (hook.timeout_seconds ?? 10) * 1000,
    maxTries: hook.max_attempts ?? 12,
  };
}

const textOf = (text: WebhookFile["url"], env: Environment | null): string | null =>
  typeof text === "string" ? text : (env?.[text.env] ?? null);

function words(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path.join("."), message: issue.message }];
  return issue.keys.map((key) => {
    const hint = didYouMean(key, keysAt(InstanceSchema, issue.path));
    const message = `unknown key "${key}"${hint ? `: ${hint}` : ""}`;
    return { path: [...issue.path, key].join("."), message };
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`the instance configuration is no JSON: ${(error as Error).message}`);
  }
}
