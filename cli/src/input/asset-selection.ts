/** Selection syntax over the assets of a running system. */
import { InvalidInput } from "@dagster-operator/engine";
import { type AssetDef, resolveSelection } from "@dagster-operator/sdk/internal";
import type { AssetNode } from "../graphql/workspace.ts";

/** @throws InvalidInput the selection does not parse, or names an asset that does not exist */
export function selectAssets(assets: AssetNode[], selection: string): AssetNode[] {
  const definitions = assets.map(
    (node): AssetDef => ({
      key: node.key,
      kind: node.isMaterializable ? "materializable" : "external",
      group: node.group,
      owners: node.owners,
      tags: Object.fromEntries(node.tags.map(({ key, value }) => [key, value])),
      kinds: node.kinds,
      metadata: {},
      deps: node.upstream.map((key) => ({ key, input: null })),
      partitions: null,
      node: null,
      output: null,
      ioManager: "",
      canSubset: true,
    }),
  );
  let keys: string[][];
  try {
    keys = resolveSelection(definitions, selection);
  } catch (error) {
    throw new InvalidInput(error instanceof Error ? error.message : String(error));
  }
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  return assets.filter((asset) => wanted.has(JSON.stringify(asset.key)));
}
