import type { z } from "zod";
import type { AutomationCondition } from "../automation/automation-condition.ts";
import { checkCondition } from "../automation/check-condition.ts";
import type { CheckOutcome, StepContext } from "../execution/context.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { ConditionDef } from "../model/automation.ts";
import type { OpNode } from "../op/node.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import {
  type AssetDefinition,
  type AssetDep,
  type AssetInputs,
  type AssetValue,
  assetDeps,
  assetInputSpecs,
  type CheckSpec,
  COMPUTE_OPTIONS,
  type ComputeOptions,
  type ConfigOf,
  type InputValues,
  nodeOptions,
  plainDep,
} from "./asset.ts";
import { nodeName } from "./asset-key.ts";

declare const NEEDS: unique symbol;

/** A check of an asset in a step of its own, after the asset's. */
export interface AssetCheckDefinition<R = unknown> {
  readonly [KIND]: "assetCheck";
  readonly [NEEDS]?: R;
  readonly name: string;
  readonly asset: AssetDefinition;
  readonly description: string | undefined;
  readonly blocking: boolean;
  readonly automation: ConditionDef | undefined;
  readonly deps: AssetDep[];
  readonly node: OpNode;
  /** Output of the node that is its outcome. */
  readonly output: string;
  readonly source: string | undefined;
}

export interface AssetCheckOptions<A extends AssetDefinition, I, C, R extends ResourceMap, L extends boolean>
  extends CheckSpec,
    ComputeOptions<I, C, R> {
  asset: A;
  /** When the check shall run by itself; without one it runs with its asset. */
  automationCondition?: AutomationCondition;
  /** False = do not load the asset; `value` is then undefined. Default true. */
  load?: L;
}

const CHECK_OPTIONS: Known<AssetCheckOptions<AssetDefinition, unknown, unknown, ResourceMap, boolean>> = {
  ...COMPUTE_OPTIONS,
  description: true,
  blocking: true,
  asset: true,
  automationCondition: true,
  load: true,
};

/**
 * Defines a check: a function that says whether an asset's value is good.
 * @example
 * assetCheck("has_rows", { asset: orders, blocking: true }, ({ value }) => value.length > 0);
 */
export function assetCheck<
  A extends AssetDefinition,
  I extends AssetInputs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
  L extends boolean = true,
>(
  name: string,
  options: AssetCheckOptions<A, I, C, R, L>,
  compute: (
    context: StepContext<
      InputValues<I, A extends AssetDefinition<unknown, infer P> ? P : false>,
      ConfigOf<C>,
      ResourceValues<R>
    > & {
      readonly value: L extends true ? AssetValue<A> : undefined;
    },
  ) => boolean | CheckOutcome | Promise<boolean | CheckOutcome>,
): AssetCheckDefinition<R> {
  onlyKnown(`asset check ${name}`, options, CHECK_OPTIONS);
  const { asset, load = true } = options;
  const loaded: AssetDep[] = [plainDep(asset, load ? "value" : null)];
  const deps = [...loaded, ...assetDeps(options.inputs, options.deps)];
  const source = definitionSite();
  const node: OpNode = {
    type: "op",
    name: `${nodeName(asset.key)}__${name}`,
    description: options.description,
    inputs: assetInputSpecs(deps),
    outputs: [
      {
        name: "result",
        description: undefined,
        dynamic: false,
        required: true,
        ioManager: undefined,
        schema: undefined,
      },
    ],
    returns: "single",
    ...nodeOptions(options),
    compute,
    source,
  };
  return {
    [KIND]: "assetCheck",
    name,
    asset,
    description: options.description,
    blocking: options.blocking ?? false,
    automation: checkCondition(options.automationCondition, name, asset.key),
    deps,
    node,
    output: "result",
    source,
  };
}
