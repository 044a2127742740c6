import type { AssetDefinition } from "../asset/asset.ts";
import { type AssetKeyLike, assetKey } from "../asset/asset-key.ts";
import type { Metadata } from "../model/event.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { kindOf } from "../source.ts";
import {
  makeSensor,
  type SensorContext,
  type SensorDefinition,
  type SensorOptions,
  type SensorResult,
} from "./sensor.ts";

/** A materialization that a sensor is told of. */
export interface AssetEvent {
  /** Increasing over all runs. */
  readonly id: number;
  readonly assetKey: readonly string[];
  /** null when it was reported from outside any run. */
  readonly runId: string | null;
  readonly partition: string | undefined;
  readonly description: string | undefined;
  readonly metadata: Metadata;
  readonly dataVersion: string | undefined;
  readonly timestamp: Date;
}

/** The cursor is kept for you: it is the id of the newest event that the function saw. */
export interface AssetSensorContext<R = unknown> extends Omit<SensorContext<R>, "setCursor"> {
  /** The newest materialization, if it came after that of the last tick. */
  readonly assetEvent: AssetEvent;
}

export interface AssetSensorOptions<R extends ResourceMap = NoKeys> extends SensorOptions<R> {
  /** The one that is watched, of any code location. */
  asset: AssetDefinition | AssetKeyLike;
}

export const watchedKey = (asset: AssetDefinition | AssetKeyLike): string[] =>
  kindOf(asset) === "asset" ? (asset as AssetDefinition).key : assetKey(asset as AssetKeyLike);

/**
 * Defines a sensor that is asked when an asset has a new materialization: once for all that came since the last tick, with
 * the newest.
 * @example
 * assetSensor("on_orders", { asset: orders, job: report }, ({ assetEvent }) => new RunRequest({ runKey: String(assetEvent.id) }));
 */
export function assetSensor<R extends ResourceMap = NoKeys>(
  name: string,
  { asset, ...options }: AssetSensorOptions<R>,
  evaluate: (context: AssetSensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  return makeSensor("asset", { kind: "assets", assets: [watchedKey(asset)] }, name, options, evaluate);
}

export interface MultiAssetSensorContext<R = unknown> extends Omit<SensorContext<R>, "setCursor"> {
  /** The newest materialization of this asset after its cursor, or undefined. */
  latestMaterialization(asset: AssetDefinition | AssetKeyLike): AssetEvent | undefined;
  /** Those after its cursor that wait, oldest first; at most 1,000, the rest comes with the next tick. */
  materializations(asset: AssetDefinition | AssetKeyLike): AssetEvent[];
  /** Partition → its newest materialization that waits: after the cursor, or passed over by it and never consumed. */
  latestMaterializationsByPartition(asset: AssetDefinition | AssetKeyLike): Map<string, AssetEvent>;
  /** Passed over by the cursor and never consumed. */
  trailingUnconsumed(asset: AssetDefinition | AssetKeyLike): AssetEvent[];
  /** Consumes these events. Those of other partitions that are older stay as unconsumed, at most 25 an asset. */
  advanceCursor(...events: AssetEvent[]): void;
  /** Consumes everything of every asset. */
  advanceAllCursors(): void;
}

export interface MultiAssetSensorOptions<R extends ResourceMap = NoKeys> extends SensorOptions<R> {
  /** Those that are watched, of any code location. (`assets` are those that it requests.) */
  monitoredAssets: readonly (AssetDefinition | AssetKeyLike)[];
}

/**
 * Defines a sensor that watches several assets, each with a cursor of its own. It moves only what it consumes: call
 * `advanceCursor` or `advanceAllCursors` for what has been dealt with.
 * @example
 * multiAssetSensor("both", { monitoredAssets: [orders, prices], job: report }, (context) => {
 *   if (!context.latestMaterialization(orders) || !context.latestMaterialization(prices)) return new SkipReason("not both yet");
 *   context.advanceAllCursors();
 *   return new RunRequest();
 * });
 */
export function multiAssetSensor<R extends ResourceMap = NoKeys>(
  name: string,
  { monitoredAssets, ...options }: MultiAssetSensorOptions<R>,
  evaluate: (context: MultiAssetSensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  const assets = monitoredAssets.map(watchedKey);
  return makeSensor("multi_asset", { kind: "assets", assets }, name, options, evaluate);
}
