import type { PartitionsDef } from "../model/definitions.ts";
import type { NoKeys } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import { type AssetDefinition, type AssetMeta, assetDeps, type IsPartitioned, makeAsset } from "./asset.ts";
import { type AssetKeyLike, assetKey } from "./asset-key.ts";

/**
 * An asset that something else makes: it is known, loaded as an input through its IO manager, never run.
 * Give the type of its value, `externalAsset<Row[]>("raw/clicks")`, when something loads it.
 */
export function externalAsset<T = unknown, Part extends PartitionsDef | undefined = undefined>(
  key: AssetKeyLike,
  options: AssetMeta<Part> & { deps?: readonly (AssetDefinition | AssetKeyLike)[] } = {},
): AssetDefinition<T, IsPartitioned<Part>, NoKeys> {
  return makeAsset(
    {
      key: assetKey(key, options.keyPrefix),
      kind: "external",
      deps: assetDeps(undefined, options.deps),
      node: undefined,
      output: undefined,
      canSubset: false,
      source: definitionSite(),
    },
    options as AssetMeta,
  ) as AssetDefinition<T, IsPartitioned<Part>, NoKeys>;
}
