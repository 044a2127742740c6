import { useMemo } from "react";
import { countOf } from "../design/count.ts";
import type { Tone } from "../design/Status.tsx";
import { AssetsLatest, type AssetsLatestResult } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { type AssetPath, keyText } from "./key.ts";

export type LatestInfo = AssetsLatestResult["assetsLatestInfo"][number] & {
  /** What it was made of has changed. */
  readonly stale?: boolean;
};

export interface AssetState {
  readonly tone: Tone;
  readonly label: string;
  readonly live: boolean;
  /** ms of the last materialization. */
  readonly at: number | null;
  /** The run to look at: the one in progress, the one that failed, or the one that made it. */
  readonly runId: string | null;
}

export interface PartitionCounts {
  readonly numMaterialized: number;
  readonly numPartitions: number;
  readonly numFailed: number;
}

/** One word for where an asset stands; how many of its partitions are made, where not all are. */
export function assetState(
  info: LatestInfo | undefined,
  materializable: boolean,
  partitions: PartitionCounts | null = null,
): AssetState {
  const at = info?.latestMaterialization ? Number(info.latestMaterialization.timestamp) : null;
  const made = info?.latestMaterialization?.runId ?? null;
  if (!materializable) return { tone: "none", label: "Source", live: false, at, runId: made };
  if (!info) return { tone: "none", label: "", live: false, at: null, runId: null };
  const running = info.inProgressRunIds[0];
  if (running) return { tone: "run", label: "Materializing", live: true, at, runId: running };
  const waiting = info.unstartedRunIds[0];
  if (waiting) return { tone: "queue", label: "Queued", live: true, at, runId: waiting };
  const run = info.latestRun;
  if (run?.status === "FAILURE" && run.runId !== made && (at === null || (run.endTime ?? 0) * 1000 >= at)) {
    return { tone: "fail", label: "Failed", live: false, at, runId: run.runId };
  }
  if (at !== null && partitions && partitions.numMaterialized < partitions.numPartitions) {
    const { numMaterialized, numPartitions, numFailed } = partitions;
    const made = `${numMaterialized.toLocaleString()} of ${numPartitions.toLocaleString()}`;
    return numFailed > 0
      ? { tone: "fail", label: `${made}, ${numFailed.toLocaleString()} failed`, live: false, at, runId: null }
      : {
          tone: "ok",
          label: `${numMaterialized.toLocaleString()} of ${countOf(numPartitions, "partition")}`,
          live: false,
          at,
          runId: null,
        };
  }
  if (at !== null && info.stale) return { tone: "warn", label: "Stale", live: false, at, runId: made };
  if (at !== null) return { tone: "ok", label: "Materialized", live: false, at, runId: made };
  return { tone: "none", label: "Never materialized", live: false, at: null, runId: null };
}

/** Latest facts of the given assets (those on the screen), polled while the tab is visible. */
export function useLatest(paths: readonly AssetPath[]): ReadonlyMap<string, LatestInfo> {
  const variables = useMemo(() => ({ keys: paths.map((path) => ({ path })) }), [paths]);
  const { data } = useGraphQL(AssetsLatest, variables, { every: 3000, enabled: paths.length > 0 });
  return useMemo(() => {
    const stale = new Set(
      data?.assetNodes.flatMap(({ staleStatus, assetKey }) =>
        staleStatus === "STALE" ? [keyText(assetKey.path)] : [],
      ),
    );
    const infos = data?.assetsLatestInfo.map((info): [string, LatestInfo] => {
      const id = keyText(info.assetKey.path);
      return [id, { ...info, stale: stale.has(id) }];
    });
    return new Map(infos);
  }, [data]);
}
