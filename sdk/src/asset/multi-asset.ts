import type { z } from "zod";
import type { StepContext } from "../execution/context.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { OpNode } from "../op/node.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import {
  ASSET_META,
  type AssetDefinition,
  type AssetIn,
  type AssetInputs,
  type AssetMeta,
  assetDeps,
  assetInputSpecs,
  type CheckSpec,
  COMPUTE_OPTIONS,
  type ComputeOptions,
  type ConfigOf,
  type InputValues,
  type IsPartitioned,
  makeAsset,
  nodeOptions,
  type PartitionKeyOf,
} from "./asset.ts";
import { type AssetKeyLike, assetKey } from "./asset-key.ts";

/** What one of several assets has of its own; the rest it takes from the options of all. */
export interface MultiAssetMember extends Omit<AssetMeta, "partitions"> {
  /** Default: its name in `assets`, behind the prefix. */
  key?: AssetKeyLike;
  /**
   * What it is made of besides the inputs and deps of all: others of these assets by their names here, or any asset. Only
   * for what the page shows and what a selection like `left+` takes in: the one function makes them all.
   */
  deps?: readonly (AssetDefinition | AssetIn | AssetKeyLike)[];
  /** May the function leave it out? Then it is not made, and what depends on it is skipped. Default `canSubset`. */
  optional?: boolean;
  /** Checks that the function itself reports: `check(name, …)`, and `{ output }` where several assets have one of that name. */
  checks?: Readonly<Record<string, CheckSpec>>;
}

export interface MultiAssetOptions<
  A extends Readonly<Record<string, MultiAssetMember>>,
  I,
  C,
  R extends ResourceMap,
  Part extends PartitionsDef | undefined,
> extends Omit<AssetMeta<Part>, "description">,
    ComputeOptions<I, C, R> {
  description?: string;
  /** The assets, by the property under which the function returns each. */
  assets: A;
  /** May a run ask for some of them only? Then look at `selectedOutputs`. Default false. */
  canSubset?: boolean;
}

const { partitions: _, ...MEMBER_META } = ASSET_META;
const MEMBER_OPTIONS: Known<MultiAssetMember> = {
  ...MEMBER_META,
  key: true,
  deps: true,
  optional: true,
  checks: true,
};
const MULTI_ASSET_OPTIONS: Known<
  MultiAssetOptions<Readonly<Record<string, MultiAssetMember>>, unknown, unknown, ResourceMap, undefined>
> = { ...ASSET_META, ...COMPUTE_OPTIONS, assets: true, canSubset: true };

type Value<T, K> = K extends keyof T ? Exclude<T[K], undefined> : never;
/** The assets, by name, each typed by what the function returns for it. */
export type MultiAssets<A, T, P extends boolean, R> = {
  readonly [K in keyof A]: AssetDefinition<Value<Awaited<T>, K>, P, R>;
};

/**
 * Defines several assets that one function makes; it returns an object with one property an asset.
 * @example
 * const { train, test } = multiAsset("split", { assets: { train: {}, test: {} }, inputs: { rows } }, ({ inputs }) => split(inputs.rows));
 */
export function multiAsset<
  const A extends Readonly<Record<string, MultiAssetMember>>,
  T extends { readonly [K in keyof A]?: unknown } | Promise<{ readonly [K in keyof A]?: unknown }>,
  I extends AssetInputs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
  Part extends PartitionsDef | undefined = undefined,
>(
  name: string,
  options: MultiAssetOptions<A, I, C, R, Part>,
  compute: (
    context: StepContext<
      InputValues<I, IsPartitioned<Part>>,
      ConfigOf<C>,
      ResourceValues<R>,
      PartitionKeyOf<Part>
    >,
  ) => T,
): MultiAssets<A, T, IsPartitioned<Part>, R> {
  const {
    assets: members,
    canSubset = false,
    inputs,
    deps: after,
    description,
    backfillPolicy,
    ...shared
  } = options;
  onlyKnown(`multi-asset ${name}`, options, MULTI_ASSET_OPTIONS);
  for (const [output, member] of Object.entries<MultiAssetMember>(members))
    onlyKnown(`asset ${output} of multi-asset ${name}`, member, MEMBER_OPTIONS);
  const source = definitionSite();
  const deps = assetDeps(inputs, after);
  const outputs = Object.entries<MultiAssetMember>(members).map(([output, member]) => ({
    name: output,
    description: member.description,
    dynamic: false,
    required: !(member.optional ?? canSubset),
    ioManager: member.ioManager ?? shared.ioManager,
    schema: undefined,
  }));
  const node: OpNode = {
    type: "op",
    name,
    description,
    inputs: assetInputSpecs(deps),
    outputs,
    returns: "record",
    ...nodeOptions(options),
    compute,
    source,
  };
  return makeMembers(members, shared, { deps, node, canSubset, backfillPolicy, source }) as MultiAssets<
    A,
    T,
    IsPartitioned<Part>,
    R
  >;
}

/** The assets of one node, by the names of its outputs. */
export function makeMembers(
  members: Readonly<Record<string, MultiAssetMember>>,
  shared: AssetMeta,
  common: Pick<AssetDefinition, "deps" | "node" | "canSubset" | "backfillPolicy" | "source">,
): Record<string, AssetDefinition> {
  const made: [string, AssetDefinition][] = [];
  const siblings = () => made.map(([, asset]) => asset);
  const keyOf = (output: string, member: MultiAssetMember) =>
    assetKey(member.key ?? output, member.keyPrefix ?? shared.keyPrefix);
  const named = (dep: AssetDefinition | AssetIn | AssetKeyLike) => {
    const member = typeof dep === "string" ? members[dep] : undefined;
    return member ? keyOf(dep as string, member) : dep;
  };
  for (const [output, member] of Object.entries(members)) {
    const { checks = {}, deps: own = [], ...rest } = member;
    const meta = { ...shared, ...rest, tags: { ...shared.tags, ...member.tags } };
    const key = keyOf(output, member);
    const deps = [...common.deps, ...assetDeps(undefined, own.map(named))];
    made.push([
      output,
      makeAsset({ ...common, deps, key, kind: "materializable", output, siblings, checks }, meta),
    ]);
  }
  return Object.fromEntries(made);
}
