/** What a code server asks of loaded definitions. */
import { assetKey, keyText } from "./asset/asset-key.ts";
import {
  plainRequest,
  type RunRequest,
  type SensorResult,
  type SkipReason,
} from "./automation/run-request.ts";
import type { ScheduleContext } from "./automation/schedule.ts";
import type { SensorContext } from "./automation/sensor.ts";
import { type Watched, watching } from "./automation/watch.ts";
import { type Definitions, internalsOf } from "./definitions.ts";
import type { LoggedEvent } from "./execution/context.ts";
import { makeLog } from "./execution/log.ts";
import { ResourceScope } from "./execution/resource-scope.ts";
import { toMetadata } from "./metadata/metadata-value.ts";
import { ASSET_JOB } from "./model/definitions.ts";
import { didYouMean } from "./model/nearest-name.ts";
import type { ReportedAssetEvent } from "./model/watched.ts";
import {
  type DynamicPartitions,
  dynamicName,
  isCustom,
  lastPartitionEndingAt,
  mappingTable,
  PartitionMappingError,
} from "./partitions/index.ts";
import type { Repository } from "./repository/collect.ts";
import { runConfigIssues } from "./repository/run-config.ts";
import type { ResourceMap } from "./resource/resource.ts";
import { kindOf } from "./source.ts";

export interface EvaluationResult {
  runRequests: {
    runKey?: string | undefined;
    job?: string | undefined;
    assets?: string[][] | undefined;
    runConfig?: Record<string, unknown> | undefined;
    tags?: Record<string, string> | undefined;
    partitionKey?: string | undefined;
  }[];
  skipReason?: string | undefined;
  cursor?: string | undefined;
  /** Lines of `context.log`, in order. */
  logs: string[];
  dynamicPartitions?: { name: string; add: string[]; delete: string[] }[] | undefined;
  /** What a sensor reports about assets. */
  assetEvents?: ReportedAssetEvent[] | undefined;
}

interface Evaluated {
  signal: AbortSignal;
  /** Takes the lines of `context.log`, also of an evaluation that throws or does not end; default: those of the result. */
  logs?: string[] | undefined;
}

/** Runs `body` with the resources open, and closes them whatever happens. */
async function withResources<T>(
  repository: Repository,
  wanted: ResourceMap,
  logs: string[],
  signal: AbortSignal,
  body: (resources: Record<string, unknown>) => Promise<T>,
): Promise<T> {
  const names = Object.keys(wanted);
  if (names.length === 0) return body({});
  const scope = new ResourceScope({
    repository,
    config: {},
    runId: "",
    signal,
    log: lineLog(logs),
    now: Date.now,
  });
  try {
    await scope.open(names, "", () => undefined);
    return await body(scope.values(names));
  } finally {
    await scope.close();
  }
}

const lineLog = (logs: string[]) =>
  // Nothing is returned: a function that ends with a log line would seem to give a number.
  makeLog((level, message) => void logs.push(level === "INFO" ? message : `${level} ${message}`));

/** Rejects when the signal aborts, whether user code heeds it or not. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  let cancel: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    cancel = () =>
      reject(
        new Error(
          `${what} was given up: ${signal.reason instanceof Error ? signal.reason.message : String(signal.reason)}`,
        ),
      );
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** Sorts what user code returned or yielded into requests and a reason. */
async function gather(what: string, returned: unknown, into: EvaluationResult): Promise<void> {
  const value: unknown = await returned;
  if (value === undefined || value === null) return;
  const kind = kindOf(value);
  if (kind === "runRequest") into.runRequests.push(plainRequest(value as RunRequest));
  else if (kind === "skipReason") into.skipReason = (value as SkipReason).message;
  else if (kind === "sensorResult") takeResult(what, value as SensorResult, into);
  else if (typeof value === "object" && Symbol.asyncIterator in value) {
    for await (const item of value as AsyncIterable<unknown>) await gather(what, item, into);
  } else if (typeof value === "object" && Symbol.iterator in value) {
    for (const item of value as Iterable<unknown>) await gather(what, item, into);
  } else
    throw new TypeError(`${what} must give RunRequests, a SkipReason or nothing; it gave a ${typeof value}`);
}

function takeResult(what: string, { options }: SensorResult, into: EvaluationResult): void {
  const { runRequests = [], skipReason, cursor, assetEvents = [] } = options;
  into.runRequests.push(...runRequests.map(plainRequest));
  if (skipReason !== undefined)
    into.skipReason = typeof skipReason === "string" ? skipReason : skipReason.message;
  if (cursor !== undefined) into.cursor = cursor;
  if (assetEvents.length > 0)
    into.assetEvents = [...(into.assetEvents ?? []), ...assetEvents.map((event) => reported(what, event))];
}

function reported(what: string, event: LoggedEvent): ReportedAssetEvent {
  if (event.type === "engine")
    throw new TypeError(`${what} may report materializations and observations of assets only`);
  const { type, asset, partition, description, metadata } = event;
  return { type, asset: assetKey(asset), partition, description, metadata: toMetadata(metadata ?? {}) };
}

/** Rejects with the user's own error when the evaluation throws. */
export async function evaluateSchedule(
  definitions: Definitions,
  name: string,
  at: { scheduledTime: number } & Evaluated,
): Promise<EvaluationResult> {
  const { repository, jobs } = internalsOf(definitions);
  const schedule = repository.schedules.get(name);
  if (schedule === undefined)
    throw new Error(`there is no schedule ${name}${didYouMean(name, repository.schedules.keys())}`);
  const jobName = typeof schedule.job === "string" ? schedule.job : schedule.job.name;
  const partitions = jobs.get(jobName)?.def.partitions ?? undefined;
  const partitionKey =
    partitions?.kind === "time_window"
      ? (lastPartitionEndingAt(partitions, at.scheduledTime) ?? undefined)
      : undefined;
  const result: EvaluationResult = { runRequests: [], logs: at.logs ?? [] };
  const { evaluate } = schedule;
  if (evaluate === undefined) {
    if (partitions?.kind === "time_window" && partitionKey === undefined) {
      return {
        ...result,
        skipReason: `no partition of job ${jobName} had ended at ${new Date(at.scheduledTime).toISOString()}`,
      };
    }
    return { ...result, runRequests: [{ runConfig: schedule.runConfig, partitionKey }] };
  }
  await withResources(repository, schedule.resources, result.logs, at.signal, async (resources) => {
    const context: ScheduleContext = {
      scheduledTime: new Date(at.scheduledTime),
      partitionKey,
      log: lineLog(result.logs),
      resources,
      signal: at.signal,
    };
    const returned = (async () => evaluate(context as never))();
    await unlessAborted(gather(`schedule ${name}`, returned, result), at.signal, `schedule ${name}`);
  });
  for (const request of result.runRequests) {
    request.runConfig ??= schedule.runConfig;
    request.partitionKey ??= partitionKey;
  }
  return result;
}

/** Rejects with the user's own error when the evaluation throws: then neither cursor nor requests count. */
export async function evaluateSensor(
  definitions: Definitions,
  name: string,
  at: {
    cursor: string | null;
    lastRunKey: string | null;
    lastTickTime: number | null;
    watched?: Watched | undefined;
  } & Evaluated,
): Promise<EvaluationResult> {
  const { repository } = internalsOf(definitions);
  const sensor = repository.sensors.get(name);
  if (sensor === undefined)
    throw new Error(`there is no sensor ${name}${didYouMean(name, repository.sensors.keys())}`);
  const result: EvaluationResult = { runRequests: [], logs: at.logs ?? [] };
  const changes = new Map<string, { add: Set<string>; delete: Set<string> }>();
  const change = (partitions: DynamicPartitions) => {
    const name = dynamicName(partitions);
    const found = changes.get(name) ?? { add: new Set(), delete: new Set() };
    changes.set(name, found);
    return found;
  };
  await withResources(repository, sensor.resources, result.logs, at.signal, async (resources) => {
    const context: SensorContext = {
      cursor: at.cursor,
      setCursor: (cursor) => {
        result.cursor = cursor;
      },
      lastRunKey: at.lastRunKey,
      lastTickTime: at.lastTickTime === null ? null : new Date(at.lastTickTime),
      log: lineLog(result.logs),
      resources,
      signal: at.signal,
      dynamicPartitions: {
        add: (partitions, keys) => {
          const { add, delete: removed } = change(partitions);
          for (const key of keys) {
            add.add(key);
            removed.delete(key);
          }
        },
        delete: (partitions, keys) => {
          const { add, delete: removed } = change(partitions);
          for (const key of keys) {
            removed.add(key);
            add.delete(key);
          }
        },
      },
    };
    const watch = watching(sensor, context, at.watched ?? {});
    if ("skip" in watch) {
      result.skipReason = watch.skip;
      return;
    }
    const returned = (async () => sensor.evaluate(watch.context as never))();
    await unlessAborted(gather(`sensor ${name}`, returned, result), at.signal, `sensor ${name}`);
    if (sensor.kind !== "standard") {
      if (result.cursor !== undefined)
        throw new TypeError(
          `sensor ${name} gave a cursor, but the cursor of such a sensor is kept for it: leave it out`,
        );
      result.cursor = watch.cursor();
      if (sensor.kind === "multi_asset" && result.cursor === undefined && result.runRequests.length > 0)
        result.logs.push(
          "WARNING the cursor was not moved: call advanceCursor or advanceAllCursors for what was dealt with",
        );
    }
  });
  nameTargets(name, sensor, result);
  if (changes.size > 0) {
    result.dynamicPartitions = [...changes].map(([partitions, { add, delete: removed }]) => ({
      name: partitions,
      add: [...add],
      delete: [...removed],
    }));
  }
  return result;
}

/** Fills in the job of each request where the sensor has one only, and refuses what it does not start. */
function nameTargets(
  name: string,
  sensor: { jobs: unknown[]; assets: { key: string[] }[] },
  result: EvaluationResult,
): void {
  const names = sensor.jobs.map((job) => (typeof job === "string" ? job : (job as { name: string }).name));
  for (const request of result.runRequests) {
    if (
      request.job === undefined &&
      names.length === 0 &&
      (sensor.assets.length > 0 || request.assets !== undefined)
    ) {
      request.job = ASSET_JOB;
      request.assets ??= sensor.assets.map(({ key }) => key);
    } else if (request.job === undefined && names.length === 1) request.job = names[0];
    else if (request.job === undefined) {
      const has = names.length === 0 ? "has no job" : `has the jobs ${names.join(", ")}`;
      throw new TypeError(
        `sensor ${name} ${has}, so its RunRequest must say which: new RunRequest({ job: … })`,
      );
    } else if (names.length > 0 && !names.includes(request.job)) {
      throw new TypeError(
        `sensor ${name} requested job ${request.job}, which is not among its jobs ${names.join(", ")}`,
      );
    }
  }
}

/**
 * What a custom partition mapping says: the downstream keys that need each of these keys of `upstream`.
 * Rejects with the user's own error, or for a key that can never be.
 */
export function mapPartitions(
  definitions: Definitions,
  asset: string,
  { upstream, keys }: { upstream: string; keys: readonly string[] },
): Record<string, string[]> {
  const found = internalsOf(definitions).repository.assets.get(asset);
  const mapping = found?.deps.find(({ key }) => keyText(key) === upstream)?.mapping;
  if (!isCustom(mapping))
    throw new Error(`asset ${asset} depends on ${upstream} by no custom partition mapping`);
  try {
    return mappingTable(mapping, keys, found?.partitions ?? null);
  } catch (error) {
    if (!(error instanceof PartitionMappingError)) throw error;
    throw new PartitionMappingError(`asset ${asset} depends on ${upstream}: ${error.message}`, {
      cause: error,
    });
  }
}

/** Every problem of a run config, with its path from the root (`ops.x.config.y`); [] when it is good. */
export function validateRunConfig(
  definitions: Definitions,
  job: string,
  runConfig: Record<string, unknown>,
): { path: string; message: string }[] {
  const { jobs } = internalsOf(definitions);
  const found = jobs.get(job);
  if (found === undefined)
    return [{ path: "", message: `there is no job ${job}${didYouMean(job, jobs.keys())}` }];
  return runConfigIssues(found.config, runConfig);
}
