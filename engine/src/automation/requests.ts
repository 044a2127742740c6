/** What conditions request, as runs: assets of one partition together, so that what depends on each other is one run. */
import type { AssetDef } from "@dagster-operator/sdk/internal";
import type { RunRequest } from "../ports/code-location.ts";
import type { Subset } from "./subset.ts";

export interface AutomationRequest extends RunRequest {
  /** Instead of `partitionKey`, of assets whose backfill policy takes several partitions in one run. */
  partitionRange?: { start: string; end: string } | undefined;
}

/** One run for each partition of each set of assets; ranges for assets with a backfill policy. Pure. */
export function automationRequests(
  assets: ReadonlyMap<string, AssetDef>,
  requests: ReadonlyMap<string, Subset>,
  tags: Record<string, string>,
): AutomationRequest[] {
  const groups = new Map<string, { policy: AssetDef["backfillPolicy"]; of: Map<string, Subset> }>();
  for (const [key, subset] of requests) {
    const asset = assets.get(key);
    if (!asset) continue;
    const id = JSON.stringify([asset.partitions, asset.partitions ? (asset.backfillPolicy ?? null) : null]);
    const group = groups.get(id) ?? {
      policy: asset.partitions ? asset.backfillPolicy : undefined,
      of: new Map(),
    };
    groups.set(id, group);
    group.of.set(key, subset);
  }
  return [...groups.values()].flatMap(({ policy, of }) => {
    const partitions = byPartition(of);
    const request = (keys: readonly string[], names: string[]): AutomationRequest => ({
      assets: names.map((name) => name.split("/")),
      tags,
      ...(keys.length > 1
        ? { partitionRange: { start: keys[0] ?? "", end: keys.at(-1) ?? "" } }
        : { partitionKey: keys[0] === "" ? undefined : keys[0] }),
    });
    if (!policy || policy.maxPartitionsPerRun === 1)
      return partitions.map(({ key, names }) => request([key], names));
    return ranges(partitions, policy.maxPartitionsPerRun ?? Number.POSITIVE_INFINITY).map(({ keys, names }) =>
      request(keys, names),
    );
  });
}

interface PartitionOf {
  key: string;
  index: number;
  names: string[];
}

/** In the order of partitions; a set of assets in the order of names. */
function byPartition(of: ReadonlyMap<string, Subset>): PartitionOf[] {
  const found = new Map<string, PartitionOf>();
  for (const [name, subset] of of) {
    for (const key of subset.keys()) {
      const entry = found.get(key) ?? { key, index: subset.universe.indexOf(key) ?? 0, names: [] };
      found.set(key, entry);
      entry.names.push(name);
    }
  }
  const all = [...found.values()].sort((a, b) => a.index - b.index);
  for (const { names } of all) names.sort();
  return all;
}

/** Neighbours with the same assets become one range. */
function ranges(partitions: PartitionOf[], most: number): { keys: string[]; names: string[] }[] {
  const found: { keys: string[]; names: string[]; last: number }[] = [];
  for (const { key, index, names } of partitions) {
    const open = found.at(-1);
    const fits = open && open.last === index - 1 && open.keys.length < most;
    if (fits && open.names.join(" ") === names.join(" ")) {
      open.keys.push(key);
      open.last = index;
    } else found.push({ keys: [key], names, last: index });
  }
  return found;
}
