/** Ticks of schedules and sensors in a unit test. */
import { type AssetKeyLike, assetKey, keyText } from "../asset/asset-key.ts";
import { parseMultiAssetCursor } from "../automation/multi-asset-cursor.ts";
import type { ScheduleDefinition } from "../automation/schedule.ts";
import type { SensorDefinition } from "../automation/sensor.ts";
import type { Watched } from "../automation/watch.ts";
import { Definitions } from "../definitions.ts";
import { type EvaluationResult, evaluateSchedule, evaluateSensor } from "../evaluate.ts";
import { type MetadataInput, toMetadata } from "../metadata/metadata-value.ts";
import type { WatchedRun } from "../model/watched.ts";
import { kindOf } from "../source.ts";
import { buildRunStatusSensorContext, type RunStatusSensorContextOptions } from "./build-tick-context.ts";

export interface TickOptions {
  /** By name, definitions or plain values. */
  resources?: Readonly<Record<string, unknown>>;
  /** Of a schedule: the tick's time; default now. */
  scheduledTime?: Date;
  /** Of a sensor: what the tick before left. Default null. */
  cursor?: string | null;
  lastRunKey?: string | null;
  lastTickTime?: Date | null;
  /** Of a sensor on assets: their materializations, oldest first, as if they had been recorded with the ids 1, 2, 3, … */
  materializations?: readonly {
    asset: AssetKeyLike;
    partition?: string;
    metadata?: MetadataInput;
    dataVersion?: string;
    runId?: string;
    timestamp?: Date;
  }[];
  /** Of a sensor on runs: the run that has got the status. */
  run?: RunStatusSensorContextOptions<unknown>;
  /** Assets and jobs that it names, where it names them by key or name alone. */
  assets?: unknown;
  jobs?: unknown;
  signal?: AbortSignal;
}

/**
 * What a tick of a schedule or sensor asks for: run requests, a skip reason, the cursor, log lines and partitions to add.
 * @throws the user's own error when the evaluation throws
 * @example
 * const tick = await evaluateTick(inbox, { cursor: "a.csv", resources: { folder: fake } });
 * expect(tick.runRequests.map(({ runKey }) => runKey)).toEqual(["b.csv"]);
 */
export async function evaluateTick(
  instigator: ScheduleDefinition | SensorDefinition,
  options: TickOptions = {},
): Promise<EvaluationResult> {
  const { resources = {}, jobs = [], assets = [], signal = new AbortController().signal } = options;
  if (kindOf(instigator) === "schedule") {
    const definitions = new Definitions({ schedules: [instigator], jobs, assets, resources });
    const scheduledTime = (options.scheduledTime ?? new Date()).getTime();
    return evaluateSchedule(definitions, instigator.name, { scheduledTime, signal });
  }
  const sensor = instigator as SensorDefinition;
  const definitions = new Definitions({
    sensors: [sensor],
    jobs,
    assets: [sensor.assets, assets],
    resources,
  });
  return evaluateSensor(definitions, sensor.name, {
    cursor: options.cursor ?? null,
    lastRunKey: options.lastRunKey ?? null,
    lastTickTime: options.lastTickTime?.getTime() ?? null,
    watched: watchedOf(sensor, options),
    signal,
  });
}

/** What the control plane would hand over. */
function watchedOf(
  { monitors }: SensorDefinition,
  { materializations = [], run, cursor }: TickOptions,
): Watched {
  if (monitors?.kind === "runs") {
    if (run === undefined) return {};
    const {
      log: _,
      logs,
      resources,
      signal,
      ...context
    } = buildRunStatusSensorContext({ status: monitors.status, ...run });
    const { partitionKey = null, timestamp, error, failedSteps, status } = context;
    return {
      run: {
        eventId: 1,
        ts: timestamp.getTime(),
        status,
        ...context.run,
        partitionKey,
        error,
        failedSteps: [...failedSteps],
      } as WatchedRun,
    };
  }
  if (monitors?.kind !== "assets") return {};
  const events = materializations.map(
    ({ asset, metadata = {}, timestamp = new Date(), runId = null, ...rest }, at) => ({
      ...rest,
      asset: assetKey(asset),
      id: at + 1,
      runId,
      metadata: toMetadata(metadata),
      ts: timestamp.getTime(),
    }),
  );
  const cursors = parseMultiAssetCursor(
    monitors.assets.length > 0 && cursor?.startsWith("{") ? cursor : null,
  );
  return {
    assets: monitors.assets.map((asset) => {
      const key = keyText(asset);
      const mine = events.filter((event) => keyText(event.asset) === key);
      const { id = null, unconsumed = {} } = cursors.get(key) ?? {};
      const waits = new Set(Object.values(unconsumed));
      return {
        asset: [...asset],
        latest: mine.at(-1) ?? null,
        events: mine.filter((event) => event.id > (id ?? 0) || waits.has(event.id)),
      };
    }),
  };
}
