/** What an asset sensor is handed: the materializations since its cursor. */
import {
  parseMultiAssetCursor,
  type ReportedAssetEvent,
  type RunEvent,
  type SensorDef,
  type WatchedAsset,
  type WatchedEvent,
} from "@dagster-operator/sdk/internal";
import type { AssetEventRecord } from "../ports/asset-storage.ts";
import type { Storage } from "../ports/storage.ts";

/** Most new events of one asset that are handed to one evaluation; the rest comes with the next. */
const MAX_WATCHED_EVENTS = 1000;

/** undefined for a sensor that watches no assets. */
export async function watchedAssets(
  { assets, events }: Pick<Storage, "assets" | "events">,
  sensor: SensorDef,
  cursor: string | null,
): Promise<WatchedAsset[] | undefined> {
  if (sensor.monitors?.kind !== "assets") return undefined;
  // Up to the mark, so that a cursor never passes over an event that is committed late.
  const mark = await events.mark();
  const cursors = parseMultiAssetCursor(sensor.kind === "multi_asset" ? cursor : null);
  const kind = "materialization";
  return Promise.all(
    sensor.monitors.assets.map(async (asset): Promise<WatchedAsset> => {
      const [latest] = await assets.history(asset, { kind, limit: 1, before: mark + 1 });
      const watched = { asset, latest: latest ? watchedEvent(latest) : null, events: [] };
      if (sensor.kind !== "multi_asset") return watched;
      const from = cursors.get(asset.join("/"));
      const ids = Object.values(from?.unconsumed ?? {});
      const old = ids.length > 0 ? await assets.history(asset, { kind, ids, limit: ids.length }) : [];
      const page = { kind, after: from?.id ?? 0, before: mark + 1, limit: MAX_WATCHED_EVENTS } as const;
      const fresh = await assets.history(asset, page);
      return { ...watched, events: [...old.reverse(), ...fresh].map(watchedEvent) };
    }),
  );
}

function watchedEvent({ id, runId, event }: AssetEventRecord): WatchedEvent {
  const { partition, description, metadata, dataVersion, ts } = event;
  return { id, runId, partition, description, metadata, dataVersion, ts };
}

/** What a sensor reports, as an event of its asset. */
export function assetEventOf(
  { type, ...about }: ReportedAssetEvent,
  now: number,
  by: string,
): Extract<RunEvent, { type: "ASSET_MATERIALIZATION" | "ASSET_OBSERVATION" }> {
  const at = { ts: now, level: "INFO", message: `Reported by ${by}.` } as const;
  return {
    type: type === "materialization" ? "ASSET_MATERIALIZATION" : "ASSET_OBSERVATION",
    ...at,
    ...about,
  };
}
