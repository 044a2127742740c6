/** The context of a sensor that watches something, made of what the control plane handed over. */
import type { AssetDefinition } from "../asset/asset.ts";
import { type AssetKeyLike, keyText } from "../asset/asset-key.ts";
import type { WatchedAsset, WatchedEvent, WatchedRun } from "../model/watched.ts";
import { type AssetEvent, type MultiAssetSensorContext, watchedKey } from "./asset-sensor.ts";
import {
  type AssetCursor,
  advanceAssetCursor,
  formatMultiAssetCursor,
  parseMultiAssetCursor,
} from "./multi-asset-cursor.ts";
import type { RunFailureSensorContext } from "./run-status-sensor.ts";
import type { SensorContext, SensorDefinition } from "./sensor.ts";

/** What to ask the user's function with, or why it is not asked. */
export type Watching =
  | { skip: string }
  | {
      context: object;
      /** The cursor when the function has ended well; undefined leaves it. */
      cursor: () => string | undefined;
    };

export interface Watched {
  assets?: WatchedAsset[] | undefined;
  run?: WatchedRun | undefined;
}

export function watching(sensor: SensorDefinition, base: SensorContext, watched: Watched): Watching {
  const { setCursor: _, ...context } = base;
  switch (sensor.kind) {
    case "automation":
      return { skip: "automation conditions are evaluated by the daemon, not by code" };
    case "standard":
      return { context: base, cursor: () => undefined };
    case "asset": {
      const [one] = watched.assets ?? [];
      const event = one?.latest;
      const key = sensor.monitors?.kind === "assets" ? (sensor.monitors.assets[0] ?? []) : [];
      if (!event || event.id <= Number(base.cursor ?? 0))
        return { skip: `no new materialization of asset ${keyText(key)}` };
      return {
        context: Object.assign(context, { assetEvent: assetEvent(key, event) }),
        cursor: () => String(event.id),
      };
    }
    case "multi_asset":
      return multiAsset(sensor, base, watched.assets ?? []);
    case "run_status": {
      const { run } = watched;
      if (!run) return { skip: "no run got the status since the last tick" };
      return { context: runContext(base, run), cursor: () => undefined };
    }
  }
}

const assetEvent = (key: readonly string[], { ts, ...event }: WatchedEvent): AssetEvent => ({
  ...event,
  assetKey: key,
  partition: event.partition,
  description: event.description,
  dataVersion: event.dataVersion,
  timestamp: new Date(ts),
});

function multiAsset(sensor: SensorDefinition, base: SensorContext, watched: WatchedAsset[]): Watching {
  const keys = sensor.monitors?.kind === "assets" ? sensor.monitors.assets : [];
  const cursors = parseMultiAssetCursor(base.cursor);
  const handed = new Map(watched.map((each) => [keyText(each.asset), each]));
  const cursorOf = (key: string): AssetCursor =>
    cursors.get(key) ?? { partition: null, id: null, unconsumed: {} };
  const consumed = new Map<string, AssetEvent[]>();
  let all = false;

  const waiting = (key: string): AssetEvent[] =>
    (handed.get(key)?.events ?? []).map((event) => assetEvent(key.split("/"), event));
  const isNew = (key: string) => (event: { id: number }) => event.id > (cursorOf(key).id ?? 0);
  const latest = (key: string): AssetEvent | undefined => {
    const event = handed.get(key)?.latest;
    return event && isNew(key)(event) ? assetEvent(key.split("/"), event) : undefined;
  };
  const named = (asset: AssetDefinition | AssetKeyLike): string => {
    const key = keyText(watchedKey(asset));
    if (!keys.some((each) => keyText(each) === key)) {
      throw new TypeError(
        `sensor ${sensor.name} does not watch asset ${key}: add it to monitoredAssets (${keys.map(keyText).join(", ")})`,
      );
    }
    return key;
  };
  const consume = (event: AssetEvent) => {
    const key = named(event.assetKey);
    consumed.set(key, [...(consumed.get(key) ?? []), event]);
  };

  const own: Pick<
    MultiAssetSensorContext,
    | "latestMaterialization"
    | "materializations"
    | "latestMaterializationsByPartition"
    | "trailingUnconsumed"
    | "advanceCursor"
    | "advanceAllCursors"
  > = {
    latestMaterialization: (asset) => latest(named(asset)),
    materializations: (asset) => waiting(named(asset)).filter(isNew(named(asset))),
    latestMaterializationsByPartition: (asset) =>
      new Map(
        waiting(named(asset)).flatMap((event) =>
          event.partition === undefined ? [] : [[event.partition, event] as const],
        ),
      ),
    trailingUnconsumed: (asset) => waiting(named(asset)).filter((event) => !isNew(named(asset))(event)),
    advanceCursor: (...events) => {
      for (const event of events) consume(event);
    },
    advanceAllCursors: () => {
      all = true;
      for (const key of keys) {
        const event = latest(keyText(key));
        if (event) consume(event);
      }
    },
  };
  const { setCursor: _, ...context } = base;
  return {
    context: Object.assign(context, own),
    cursor: () => {
      if (consumed.size === 0) return undefined;
      return formatMultiAssetCursor(
        new Map(
          keys.map((path) => {
            const key = keyText(path);
            const events = handed.get(key)?.events ?? [];
            return [key, advanceAssetCursor(key, cursorOf(key), events, consumed.get(key) ?? [], all)];
          }),
        ),
      );
    },
  };
}

function runContext(
  { log, resources, signal, dynamicPartitions }: SensorContext,
  { runId, job, location, tags, runConfig, status, ts, partitionKey, error, failedSteps }: WatchedRun,
): RunFailureSensorContext {
  return {
    log,
    resources,
    signal,
    dynamicPartitions,
    run: { runId, job, location, tags, runConfig },
    status: status as RunFailureSensorContext["status"],
    timestamp: new Date(ts),
    partitionKey: partitionKey ?? undefined,
    error,
    failedSteps,
  };
}
