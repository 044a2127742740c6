import type { z } from "zod";
import type { StepContext } from "../execution/context.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { Out } from "../op/io-spec.ts";
import type { OpNode } from "../op/node.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite } from "../source.ts";
import {
  ASSET_META,
  type AssetDefinition,
  type AssetMeta,
  assetDeps,
  COMPUTE_OPTIONS,
  type ComputeOptions,
  type ConfigOf,
  type IsPartitioned,
  makeAsset,
  nodeOptions,
  type PartitionKeyOf,
} from "./asset.ts";
import { type AssetKeyLike, assetKey, nodeName } from "./asset-key.ts";

/** What was seen: a version that changes when the data does, and what a page may show. */
export type Observation = string | { dataVersion?: string; metadata?: MetadataInput; description?: string };

export interface ObservableAssetOptions<T, C, R extends ResourceMap, Part extends PartitionsDef | undefined>
  extends AssetMeta<Part>,
    Omit<ComputeOptions<NoKeys, C, R>, "inputs" | "backfillPolicy"> {
  /** Type of what loading it gives, for assets that read it: `output<Row[]>()`. */
  value?: Out<T>;
}

const { inputs: _inputs, backfillPolicy: _policy, ...OBSERVE_OPTIONS } = COMPUTE_OPTIONS;
const OBSERVABLE_OPTIONS: Known<ObservableAssetOptions<unknown, unknown, ResourceMap, undefined>> = {
  ...ASSET_META,
  ...OBSERVE_OPTIONS,
  value: true,
};

type Observed<Part> = Part extends PartitionsDef
  ? Observation | Readonly<Record<string, Observation>>
  : Observation;

/**
 * Defines an asset that something else makes and that we look at: a run of it records an observation, with the version of the
 * data that it saw, and stores nothing. Assets that read it get its value from its IO manager. With partitions, a run over several returns an object with an observation a key.
 * @example
 * const clicks = observableAsset("raw/clicks", async () => hash(await readFile("clicks.csv")));
 */
export function observableAsset<
  T = unknown,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
  Part extends PartitionsDef | undefined = undefined,
>(
  key: AssetKeyLike,
  options: ObservableAssetOptions<T, C, R, Part>,
  observe: (
    context: StepContext<NoKeys, ConfigOf<C>, ResourceValues<R>, PartitionKeyOf<Part>>,
  ) => Observed<Part> | Promise<Observed<Part>>,
): AssetDefinition<T, IsPartitioned<Part>, R>;
export function observableAsset(
  key: AssetKeyLike,
  observe: (context: StepContext<NoKeys, undefined, NoKeys, undefined>) => Observation | Promise<Observation>,
): AssetDefinition<unknown, false, NoKeys>;
export function observableAsset(
  keyLike: AssetKeyLike,
  optionsOrObserve:
    | ObservableAssetOptions<unknown, z.ZodType | undefined, ResourceMap, PartitionsDef | undefined>
    | ((context: never) => unknown),
  given?: (context: never) => unknown,
): AssetDefinition<never, never, never> {
  const options = typeof optionsOrObserve === "function" ? {} : optionsOrObserve;
  const compute = typeof optionsOrObserve === "function" ? optionsOrObserve : given;
  if (compute === undefined) throw new TypeError(`observable asset ${String(keyLike)} has no function`);
  onlyKnown(`observable asset ${String(keyLike)}`, options, OBSERVABLE_OPTIONS);
  const key = assetKey(keyLike, options.keyPrefix);
  const source = definitionSite();
  const node: OpNode = {
    type: "op",
    name: nodeName(key),
    description: options.description,
    inputs: [],
    outputs: [
      {
        name: "result",
        description: undefined,
        dynamic: false,
        required: false,
        ioManager: options.ioManager,
        schema: undefined,
      },
    ],
    returns: "single",
    ...nodeOptions(options),
    compute,
    source,
  };
  const deps = assetDeps(undefined, options.deps);
  return makeAsset(
    { key, kind: "observable", deps, node, output: "result", canSubset: false, source },
    options,
  ) as AssetDefinition<never, never, never>;
}
