import { onlyKnown } from "../known-options.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { NoKeys } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import { ASSET_META, type AssetDefinition, type AssetMeta, assetDeps, makeAsset } from "./asset.ts";
import { type AssetKeyLike, assetKey } from "./asset-key.ts";

type ExternalOptions<Part extends PartitionsDef | undefined> = AssetMeta<Part> & {
  deps?: readonly (AssetDefinition | AssetKeyLike)[];
};

/**
 * An asset that something else makes: it is known, loaded as an input through its IO manager, never run.
 * Give the type of its value, `externalAsset<Row[]>("raw/clicks")`, when something loads it.
 */
export function externalAsset<T = unknown>(
  key: AssetKeyLike,
  options: ExternalOptions<PartitionsDef> & { partitions: PartitionsDef },
): AssetDefinition<T, true, NoKeys>;
export function externalAsset<T = unknown>(
  key: AssetKeyLike,
  options?: ExternalOptions<undefined>,
): AssetDefinition<T, false, NoKeys>;
export function externalAsset(
  key: AssetKeyLike,
  options: ExternalOptions<PartitionsDef | undefined> = {},
): AssetDefinition {
  onlyKnown(`external asset ${String(key)}`, options, { ...ASSET_META, deps: true });
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
  );
}
