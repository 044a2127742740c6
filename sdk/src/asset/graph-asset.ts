import type { z } from "zod";
import { type Known, onlyKnown } from "../known-options.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { Handle } from "../op/composition.ts";
import type { MappedConfig, OpsConfig } from "../op/config-mapping.ts";
import { composeGraph } from "../op/graph.ts";
import { input } from "../op/io-spec.ts";
import type { NoKeys } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import {
  ASSET_META,
  type AssetDefinition,
  type AssetInputs,
  type AssetMeta,
  assetDeps,
  type ComputeOptions,
  type InputValues,
  type IsPartitioned,
  makeAsset,
} from "./asset.ts";
import { type AssetKeyLike, assetKey, nodeName } from "./asset-key.ts";

export interface GraphAssetOptions<
  I,
  Part extends PartitionsDef | undefined,
  C extends z.ZodType | undefined = z.ZodType | undefined,
> extends AssetMeta<Part>,
    MappedConfig<C, OpsConfig> {
  inputs?: I;
  deps?: ComputeOptions<I, undefined, NoKeys>["deps"];
  backfillPolicy?: { maxPartitionsPerRun: number | null };
}

const GRAPH_ASSET_OPTIONS: Known<GraphAssetOptions<unknown, undefined>> = {
  ...ASSET_META,
  config: true,
  mapConfig: true,
  inputs: true,
  deps: true,
  backfillPolicy: true,
};

/**
 * Defines an asset that several ops make together, each in a step of its own. The body calls them as in `graph`, with a handle
 * for each input, and returns the handle of the value that the asset is.
 * @example
 * const report = graphAsset("report", { inputs: { orders } }, ({ orders }) => render({ table: aggregate({ rows: orders }) }));
 */
export function graphAsset<
  T,
  I extends AssetInputs = NoKeys,
  Part extends PartitionsDef | undefined = undefined,
  C extends z.ZodType | undefined = undefined,
>(
  keyLike: AssetKeyLike,
  options: GraphAssetOptions<I, Part, C>,
  body: (inputs: { readonly [K in keyof I]: Handle<InputValues<I, IsPartitioned<Part>>[K]> }) => Handle<T>,
): AssetDefinition<T, IsPartitioned<Part>, NoKeys> {
  onlyKnown(`graph asset ${String(keyLike)}`, options, GRAPH_ASSET_OPTIONS);
  const key = assetKey(keyLike, options.keyPrefix);
  const deps = assetDeps(options.inputs, options.deps);
  for (const dep of deps)
    if (dep.ioManager !== undefined)
      throw new TypeError(
        `input ${dep.input} of graph asset ${key.join("/")} has an IO manager of its own: give it to the op that reads it, input({ ioManager })`,
      );
  const source = definitionSite();
  const { description, backfillPolicy } = options;
  const inputs = Object.fromEntries(
    deps.flatMap((dep) => (dep.input === null ? [] : [[dep.input, input()]])),
  );
  const { config, mapConfig } = options as GraphAssetOptions<I, Part>;
  const { node, single } = composeGraph(
    nodeName(key),
    {
      inputs,
      ...(description === undefined ? {} : { description }),
      ...(config && { config }),
      ...(mapConfig && { mapConfig }),
    },
    body as never,
  );
  if (!single)
    throw new TypeError(`the body of graph asset ${key.join("/")} must return what one op call in it gave`);
  return makeAsset(
    { key, kind: "materializable", deps, node, output: "result", canSubset: false, backfillPolicy, source },
    options as AssetMeta,
  ) as AssetDefinition<T, IsPartitioned<Part>, NoKeys>;
}
