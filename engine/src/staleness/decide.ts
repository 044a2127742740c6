/** Is an asset still what its code and its upstream assets would make of it? Dagster's words: MISSING, STALE with causes, FRESH. */
import type { AssetDef, AssetKey } from "@dagster-operator/sdk/internal";
import type { AssetEventRecord } from "../ports/asset-storage.ts";
import { dataVersionOf } from "./data-version.ts";

export interface StaleCause {
  /** What changed: the asset itself, or the upstream asset whose data did. */
  key: AssetKey;
  partition: string | null;
  category: "CODE" | "DATA" | "DEPENDENCIES";
  reason: string;
  /** The upstream asset that it is about, where `key` is the asset itself. */
  dependency?: AssetKey;
}
export interface Staleness {
  status: "MISSING" | "STALE" | "FRESH";
  causes: StaleCause[];
}

/** What is known of an upstream asset, or of one partition of it; both records null when it was never made nor observed. */
export interface Upstream {
  key: AssetKey;
  partition: string | null;
  def: Pick<AssetDef, "kind" | "codeVersion">;
  now: AssetEventRecord | null;
  /** Its newest record when the asset in question was made. */
  before: AssetEventRecord | null;
}

const path = (key: AssetKey) => key.join("/");
const fresh: Staleness = { status: "FRESH", causes: [] };

/** `made` is the newest materialization of this partition of the asset. What is upstream of what is upstream does not count. */
export function staleness(
  asset: Pick<AssetDef, "key" | "kind" | "codeVersion" | "deps">,
  partition: string | null,
  made: AssetEventRecord | null,
  upstream: readonly Upstream[],
): Staleness {
  if (asset.kind !== "materializable") return fresh;
  if (made === null) return { status: "MISSING", causes: [] };
  const own: StaleCause[] = [];
  const { key, codeVersion } = asset;
  // Nobody knows what code made what was reported from outside, nor of what.
  const known = made.runId !== null && made.event.upstream ? new Set(made.event.upstream.map(path)) : null;
  if (made.runId !== null && codeVersion !== undefined && made.event.codeVersion !== codeVersion)
    own.push({ key, partition, category: "CODE", reason: "has a new code version" });
  const data: StaleCause[] = [];
  const seen = new Set<string>();
  for (const up of upstream) {
    const dependency = up.key;
    if (known && !known.has(path(dependency)) && path(dependency) !== path(key)) {
      const reason = `has a new dependency on ${path(dependency)}`;
      if (!seen.has(reason)) own.push({ key, partition, category: "DEPENDENCIES", reason, dependency });
      seen.add(reason);
    } else if (known ? isNewer(up) : isLater(up, made)) {
      if (up.now === null)
        own.push({ key, partition, category: "DATA", reason: "has a new input", dependency });
      else
        data.push({
          key: dependency,
          partition: up.partition,
          category: "DATA",
          reason: newData(up, known !== null),
        });
    }
  }
  const present = new Set(asset.deps.map((dep) => path(dep.key)));
  for (const dependency of known ? (made.event.upstream ?? []) : []) {
    const reason = `removed dependency on ${path(dependency)}`;
    if (!present.has(path(dependency)))
      own.push({ key, partition, category: "DEPENDENCIES", reason, dependency });
  }
  const causes = [...own, ...data];
  return causes.length > 0 ? { status: "STALE", causes } : fresh;
}

const isNewer = ({ now, before }: Upstream): boolean =>
  now !== null && (before === null || dataVersionOf(now) !== dataVersionOf(before));

/** Where it is not known what it was made of, time tells. */
const isLater = ({ def, now }: Upstream, made: AssetEventRecord): boolean =>
  def.kind === "materializable" && (now === null || now.event.ts > made.event.ts);

/** Who tells no versions reads of materializations. */
function newData({ def, now }: Upstream, byVersion: boolean): string {
  const tells =
    def.kind !== "materializable" || def.codeVersion !== undefined || now?.event.dataVersion !== undefined;
  return byVersion && tells ? "has a new data version" : "has a new materialization";
}
