/** Settings of an installation in a cluster, in the keys of `dagster.yaml`; the chart writes them, webserver and daemon read them. */
import { z } from "zod";
import { InvalidInput } from "../errors.ts";
import { DEFAULT_POOL_SETTINGS, type PoolSettings } from "../ports/pool-storage.ts";
import type { QueueLimits } from "../ports/run-storage.ts";

/** `concurrency.pools` of `dagster.yaml`. */
export const PoolsConfig = z.strictObject({
  default_limit: z.number().int().nonnegative().optional(),
  granularity: z.enum(["op", "run"]).optional(),
  op_granularity_run_buffer: z.number().int().nonnegative().optional(),
});

export function poolSettingsOf(pools: z.infer<typeof PoolsConfig>): PoolSettings {
  return {
    defaultLimit: pools.default_limit ?? DEFAULT_POOL_SETTINGS.defaultLimit,
    granularity: pools.granularity ?? DEFAULT_POOL_SETTINGS.granularity,
    runBuffer: pools.op_granularity_run_buffer ?? DEFAULT_POOL_SETTINGS.runBuffer,
  };
}

const workers = z.number().int().positive();
const InstanceFile = z.strictObject({
  run_queue: z
    .strictObject({
      max_concurrent_runs: z.number().int().min(-1).default(10),
      tag_concurrency_limits: z
        .array(
          z.strictObject({
            key: z.string().min(1),
            value: z
              .union([z.string(), z.strictObject({ applyLimitPerUniqueValue: z.boolean() })])
              .optional(),
            limit: z.number().int().nonnegative(),
          }),
        )
        .default([]),
    })
    .prefault({}),
  concurrency: z.strictObject({ pools: PoolsConfig.optional() }).default({}),
  schedules: z
    .strictObject({ num_workers: workers.optional(), max_catchup_runs: z.number().int().min(0).optional() })
    .default({}),
  sensors: z.strictObject({ num_workers: workers.optional() }).default({}),
});

/** Fields that are absent have the default of the process that uses them. */
export interface InstanceConfig {
  queue: QueueLimits;
  maxCatchupRuns?: number;
  scheduleConcurrency?: number;
  sensorConcurrency?: number;
}

/** `text`: the file as JSON; null = all defaults. @throws InvalidInput naming each wrong key */
export function parseInstanceConfig(text: string | null): InstanceConfig {
  const parsed = InstanceFile.safeParse(text === null ? {} : json(text));
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
    const said = issues
      .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
      .join("; ");
    throw new InvalidInput(`the instance configuration is wrong: ${said}`, issues);
  }
  const { run_queue, concurrency, schedules, sensors } = parsed.data;
  return {
    queue: {
      maxConcurrentRuns: run_queue.max_concurrent_runs,
      ...(concurrency.pools ? { pools: poolSettingsOf(concurrency.pools) } : {}),
      tagLimits: run_queue.tag_concurrency_limits.map(({ key, value, limit }) => ({
        key,
        limit,
        ...(typeof value === "string"
          ? { value }
          : value?.applyLimitPerUniqueValue
            ? { perUniqueValue: true }
            : {}),
      })),
    },
    ...(schedules.max_catchup_runs === undefined ? {} : { maxCatchupRuns: schedules.max_catchup_runs }),
    ...(schedules.num_workers === undefined ? {} : { scheduleConcurrency: schedules.num_workers }),
    ...(sensors.num_workers === undefined ? {} : { sensorConcurrency: sensors.num_workers }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`the instance configuration is no JSON: ${(error as Error).message}`);
  }
}
