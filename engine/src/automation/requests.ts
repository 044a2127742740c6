/** What conditions request, as runs: assets of one partition together, so that what depends on each other is one run. */
import type { AssetDef } from "@dagster-operator/sdk/internal";
import type { RunRequest } from "../ports/code-location.ts";
import { entityId } from "./entity.ts";
import type { Entity } from "./state.ts";
import type { Subset } from "./subset.ts";

export interface AutomationRequest extends RunRequest {
  /** Instead of `partitionKey`, of assets whose backfill policy takes several partitions in one run. */
  partitionRange?: { start: string; end: string } | undefined;
  /** Absent = all of the assets. */
  checks?: { asset: string[]; name: string }[] | undefined;
}

/** One run for each partition of each set of assets; ranges for assets with a backfill policy. Pure. */
export function automationRequests(
  entities: ReadonlyMap<string, Entity>,
  requests: ReadonlyMap<string, Subset>,
  tags: Record<string, string>,
): AutomationRequest[] {
  const checksByAsset = new Map<string, Entity[]>();
  for (const entity of entities.values()) {
    if (!entity.check) continue;
    const asset = entityId(entity.key);
    checksByAsset.set(asset, [...(checksByAsset.get(asset) ?? []), entity]);
  }
  const groups = new Map<string, { policy: AssetDef["backfillPolicy"]; of: Map<string, Subset> }>();
  for (const [key, subset] of requests) {
    const entity = entities.get(key);
    if (!entity) continue;
    const { partitions, backfillPolicy } = entity;
    const id = JSON.stringify([partitions, partitions ? (backfillPolicy ?? null) : null]);
    const group = groups.get(id) ?? {
      policy: partitions ? backfillPolicy : undefined,
      of: new Map(),
    };
    groups.set(id, group);
    group.of.set(key, subset);
  }
  const selection = (names: string[]) => selectionOf(entities, checksByAsset, names);
  return [...groups.values()].flatMap(({ policy, of }) => {
    const partitions = byPartition(of);
    const request = (keys: readonly string[], names: string[]): AutomationRequest => ({
      ...selection(names),
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

/** A check with a condition of its own runs when that says so; the others run with their asset. */
function selectionOf(
  entities: ReadonlyMap<string, Entity>,
  checksByAsset: ReadonlyMap<string, Entity[]>,
  names: string[],
): Pick<AutomationRequest, "assets" | "checks"> {
  const chosen = names.flatMap((name) => entities.get(name) ?? []);
  const assets = chosen.filter(({ check }) => !check).map(({ key }) => key);
  const requested = chosen.filter(({ check }) => check);
  const ofAssets = assets.flatMap((key) => checksByAsset.get(entityId(key)) ?? []);
  if (requested.length === 0 && ofAssets.every(({ automation }) => !automation)) return { assets };
  const checks = [...requested, ...ofAssets.filter(({ automation }) => !automation)];
  return {
    assets,
    checks: checks.flatMap(({ key, check }) => (check ? [{ asset: key, name: check.name }] : [])),
  };
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
