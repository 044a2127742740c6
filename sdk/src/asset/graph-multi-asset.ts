import type { z } from "zod";
import type { PartitionsDef } from "../model/definitions.ts";
import type { Handle } from "../op/composition.ts";
import { composeGraph } from "../op/graph.ts";
import { input } from "../op/io-spec.ts";
import type { NoKeys } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import {
  type AssetDefinition,
  type AssetInputs,
  assetDeps,
  type InputValues,
  type IsPartitioned,
} from "./asset.ts";
import type { GraphAssetOptions } from "./graph-asset.ts";
import { type MultiAssetMember, makeMembers } from "./multi-asset.ts";

export interface GraphMultiAssetOptions<
  A extends Readonly<Record<string, MultiAssetMember>>,
  I,
  Part extends PartitionsDef | undefined,
  C extends z.ZodType | undefined = z.ZodType | undefined,
> extends GraphAssetOptions<I, Part, C> {
  /** The assets, by the property under which the body returns each one's handle. */
  assets: A;
  /** May a run ask for some of them only? It then runs only the steps that those need. Default false. */
  canSubset?: boolean;
}

type ValueOf<H> = H extends Handle<infer T> ? T : never;

/**
 * Defines several assets that a graph of ops makes together, each op in a step of its own. The body calls the ops as in `graph`
 * and returns an object with the handle of each asset.
 * @example
 * const { daily, total } = graphMultiAsset("sales", { assets: { daily: {}, total: {} }, inputs: { orders } }, ({ orders }) => {
 *   const rows = perDay({ orders });
 *   return { daily: rows, total: sum({ rows }) };
 * });
 */
export function graphMultiAsset<
  const A extends Readonly<Record<string, MultiAssetMember>>,
  H extends { readonly [K in keyof A]: Handle },
  I extends AssetInputs = NoKeys,
  Part extends PartitionsDef | undefined = undefined,
  C extends z.ZodType | undefined = undefined,
>(
  name: string,
  options: GraphMultiAssetOptions<A, I, Part, C>,
  body: (inputs: { readonly [K in keyof I]: Handle<InputValues<I, IsPartitioned<Part>>[K]> }) => H,
): { readonly [K in keyof A]: AssetDefinition<ValueOf<H[K]>, IsPartitioned<Part>, NoKeys> } {
  const {
    assets,
    canSubset = false,
    inputs,
    deps: after,
    description,
    backfillPolicy,
    config,
    mapConfig,
    ...shared
  } = options as GraphMultiAssetOptions<A, I, Part>;
  const source = definitionSite();
  const deps = assetDeps(inputs, after);
  const specs = Object.fromEntries(deps.flatMap((dep) => (dep.input === null ? [] : [[dep.input, input()]])));
  const { node } = composeGraph(
    name,
    {
      inputs: specs,
      ...(description === undefined ? {} : { description }),
      ...(config && { config }),
      ...(mapConfig && { mapConfig }),
    },
    body as never,
  );
  const returned = node.outputs.map((output) => output.name);
  const wrong = [
    ...Object.keys(assets).filter((asset) => !returned.includes(asset)),
    ...returned.filter((asset) => !(asset in assets)),
  ];
  if (wrong.length > 0)
    throw new TypeError(
      `the body of graph multi-asset ${name} must return a handle for each of its assets ${Object.keys(assets).join(", ")}; look at ${wrong.join(", ")}`,
    );
  return makeMembers(assets, shared, { deps, node, canSubset, backfillPolicy, source }) as never;
}
