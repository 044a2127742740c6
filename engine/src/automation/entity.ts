import type { AssetCheckDef, AssetDef, DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import type { Entity } from "./state.ts";

/** Dagster's text of a key: `raw/orders`, or `raw/orders:has_rows` of a check. */
export const entityId = (key: readonly string[], check?: string): string =>
  check === undefined ? key.join("/") : `${key.join("/")}:${check}`;

/** The assets of a location and their checks, by id; checks of assets that it does not define are left out. */
export function entitiesOf(
  assets: ReadonlyMap<string, AssetDef>,
  checks: DefinitionsSnapshot["checks"],
): Map<string, Entity> {
  const entities = new Map<string, Entity>(assets);
  const named = checks.map((check) => [entityId(check.asset, check.name), check] as const);
  for (const [id, check] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const asset = assets.get(entityId(check.asset));
    if (asset) entities.set(id, ofCheck(check, asset));
  }
  return entities;
}

/** A check is run for a partition of its asset, after it and after what else it needs. */
function ofCheck({ name, blocking, deps = [], automation }: AssetCheckDef, asset: AssetDef): Entity {
  const { key, partitions, backfillPolicy } = asset;
  return {
    kind: "check",
    check: { name, blocking },
    key,
    deps: [...deps, { key, input: null }],
    partitions,
    backfillPolicy,
    // It is made with nothing else that has a condition.
    node: null,
    canSubset: false,
    automation,
  };
}
