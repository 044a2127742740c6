/** Contexts of schedules and sensors made by hand, to call their functions in a unit test. */

import type { RunFailureSensorContext } from "../automation/run-status-sensor.ts";
import type { ScheduleContext } from "../automation/schedule.ts";
import type { SensorContext } from "../automation/sensor.ts";
import { makeLog } from "../execution/log.ts";
import type { ErrorInfo } from "../model/event.ts";

interface Common<R> {
  /** Values, by the names that the function takes them by. */
  resources?: R;
  signal?: AbortSignal;
}
export interface SensorContextOptions<R> extends Common<R> {
  /** What the tick before left. Default null. */
  cursor?: string | null;
  lastRunKey?: string | null;
  lastTickTime?: Date | null;
}
export interface ScheduleContextOptions<R> extends Common<R> {
  /** Default: now. */
  scheduledTime?: Date;
  partitionKey?: string;
}
export interface RunStatusSensorContextOptions<R> extends Common<R> {
  run?: Partial<RunFailureSensorContext["run"]>;
  /** Default `SUCCESS`, or `FAILURE` with an `error`. */
  status?: RunFailureSensorContext["status"];
  timestamp?: Date;
  partitionKey?: string;
  error?: Error | ErrorInfo;
  failedSteps?: RunFailureSensorContext["failedSteps"];
}

interface Recorded {
  /** Lines of `log`, as the tick keeps them. */
  readonly logs: readonly string[];
}
interface RecordedPartitions extends Recorded {
  /** By name: what it added, and what it deleted. */
  readonly recordedPartitions: Readonly<
    Record<string, { add: readonly string[]; delete: readonly string[] }>
  >;
}
export interface BuiltSensorContext<R> extends SensorContext<R>, RecordedPartitions {
  /** What `setCursor` was given last; undefined when it was not called. */
  readonly newCursor: string | undefined;
}
export interface BuiltScheduleContext<R> extends ScheduleContext<R>, Recorded {}
export interface BuiltRunStatusSensorContext<R> extends RunFailureSensorContext<R>, RecordedPartitions {}

function common<R>({ resources, signal = new AbortController().signal }: Common<R>) {
  const logs: string[] = [];
  const log = makeLog((level, message) => void logs.push(level === "INFO" ? message : `${level} ${message}`));
  return { log, logs, resources: (resources ?? {}) as R, signal };
}

function partitions() {
  const recordedPartitions: Record<string, { add: string[]; delete: string[] }> = {};
  const of = (name: string) => {
    recordedPartitions[name] ??= { add: [], delete: [] };
    return recordedPartitions[name];
  };
  const dynamicPartitions = {
    add: (name: string, keys: string[]) => void of(name).add.push(...keys),
    delete: (name: string, keys: string[]) => void of(name).delete.push(...keys),
  };
  return { dynamicPartitions, recordedPartitions };
}

/**
 * A context for a sensor's function, which remembers what was done with it. A whole tick, with the sensor's own resources and
 * checks, is `evaluateTick`.
 * @example
 * const context = buildSensorContext({ cursor: "a.csv", resources: { folder: fake } });
 * expect(newFiles(context)).toHaveLength(1);
 * expect(context.newCursor).toBe("b.csv");
 */
export function buildSensorContext<R = NonNullable<unknown>>(
  options: SensorContextOptions<R> = {},
): BuiltSensorContext<R> {
  const { cursor = null, lastRunKey = null, lastTickTime = null } = options;
  let newCursor: string | undefined;
  return {
    ...common(options),
    ...partitions(),
    cursor,
    lastRunKey,
    lastTickTime,
    setCursor: (next) => {
      newCursor = next;
    },
    get newCursor() {
      return newCursor;
    },
  };
}

/** As `buildSensorContext`, for a schedule's function. */
export function buildScheduleContext<R = NonNullable<unknown>>(
  options: ScheduleContextOptions<R> = {},
): BuiltScheduleContext<R> {
  const { scheduledTime = new Date(), partitionKey } = options;
  return { ...common(options), scheduledTime, partitionKey };
}

/** As `buildSensorContext`, for the function of `runStatusSensor` and `runFailureSensor`. */
export function buildRunStatusSensorContext<R = NonNullable<unknown>>(
  options: RunStatusSensorContextOptions<R> = {},
): BuiltRunStatusSensorContext<R> {
  const { run, error, timestamp = new Date(), partitionKey, failedSteps = [] } = options;
  return {
    ...common(options),
    ...partitions(),
    run: { runId: "EPHEMERAL", job: "", location: "", tags: {}, runConfig: {}, ...run },
    status: options.status ?? (error === undefined ? "SUCCESS" : "FAILURE"),
    timestamp,
    partitionKey,
    error:
      error instanceof Error
        ? { name: error.name, message: error.message, stack: error.stack }
        : (error ?? null),
    failedSteps,
  };
}
