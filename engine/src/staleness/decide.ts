/** Is an asset still what its code and its upstream assets would make of it? Dagster's words: MISSING, STALE with causes, FRESH. */
import type { AssetDef, AssetKey } from "@dagster-operator/sdk/internal";
import type { AssetEventRecord } from "../ports/asset-storage.ts";

export interface StaleCause {
  key: AssetKey;
  category: "CODE" | "DATA" | "DEPENDENCIES";
  reason: string;
  /** The upstream asset that it is about. */
  dependency?: AssetKey;
}
export interface Staleness {
  status: "MISSING" | "STALE" | "FRESH";
  causes: StaleCause[];
}

/** What is known of an upstream asset; both records null when it was never made nor observed. */
export interface Upstream {
  key: AssetKey;
  stale: boolean;
  now: AssetEventRecord | null;
  /** Its newest record when the asset in question was made. */
  before: AssetEventRecord | null;
  /** Its partitions are not compared: only that it is upstream counts. */
  compared: boolean;
}

const path = (key: AssetKey) => key.join("/");
const fresh: Staleness = { status: "FRESH", causes: [] };

/** Version of the data that a record tells of: what the code said, else a new one each time. */
export const dataVersionOf = ({ id, event }: AssetEventRecord): string => event.dataVersion ?? `event-${id}`;

export function staleness(
  asset: Pick<AssetDef, "key" | "kind" | "codeVersion" | "deps">,
  made: AssetEventRecord | null,
  upstream: readonly Upstream[],
): Staleness {
  if (asset.kind !== "materializable") return fresh;
  if (made === null) return { status: "MISSING", causes: [] };
  // Reported from outside: nobody knows what code made it, nor of what.
  if (made.runId === null) return fresh;
  const causes: StaleCause[] = [];
  const { key, codeVersion } = asset;
  if (codeVersion !== undefined && made.event.codeVersion !== codeVersion)
    causes.push({ key, category: "CODE", reason: "has a new code version" });
  const known = made.event.upstream && new Set(made.event.upstream.map(path));
  for (const { key: dependency, now, before, stale, compared } of upstream) {
    if (known && !known.has(path(dependency))) {
      const reason = `has a new dependency on ${path(dependency)}`;
      causes.push({ key, category: "DEPENDENCIES", reason, dependency });
    } else if (
      compared &&
      now !== null &&
      (before === null || dataVersionOf(now) !== dataVersionOf(before))
    ) {
      const reason =
        now.event.dataVersion === undefined ? "has a new materialization" : "has a new data version";
      causes.push({ key, category: "DATA", reason: `${path(dependency)} ${reason}`, dependency });
    } else if (stale)
      causes.push({ key, category: "DATA", reason: `stale dependency ${path(dependency)}`, dependency });
  }
  const present = new Set(asset.deps.map((dep) => path(dep.key)));
  for (const dependency of made.event.upstream ?? []) {
    if (!present.has(path(dependency)))
      causes.push({
        key,
        category: "DEPENDENCIES",
        reason: `removed dependency on ${path(dependency)}`,
        dependency,
      });
  }
  return causes.length > 0 ? { status: "STALE", causes } : fresh;
}
