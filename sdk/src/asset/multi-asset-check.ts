import type { z } from "zod";
import type { AutomationCondition } from "../automation/automation-condition.ts";
import { checkCondition } from "../automation/check-condition.ts";
import type { CheckOutcome, StepContext } from "../execution/context.ts";
import type { OpNode } from "../op/node.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import {
  type AssetDefinition,
  type AssetInputs,
  assetDeps,
  assetInputSpecs,
  type CheckSpec,
  type ComputeOptions,
  type ConfigOf,
  type InputValues,
  nodeOptions,
  plainDep,
} from "./asset.ts";
import type { AssetCheckDefinition } from "./asset-check.ts";

export interface MultiAssetCheckSpec extends CheckSpec {
  asset: AssetDefinition;
  /** When this check shall run by itself. */
  automationCondition?: AutomationCondition;
}
export interface MultiAssetCheckOptions<K extends string, I, C, R extends ResourceMap>
  extends ComputeOptions<I, C, R> {
  description?: string;
  /** The checks by name; each says which asset it is about. */
  checks: Readonly<Record<K, MultiAssetCheckSpec>>;
}

/**
 * Defines several checks that one step does, of one asset or of several: the function returns an outcome for each, by name.
 * What it reads of the assets stands under `inputs`. A run may ask for some of the checks; then look at `selectedChecks`.
 * @example
 * const { has_rows, has_total } = multiAssetCheck(
 *   "audit",
 *   { checks: { has_rows: { asset: orders }, has_total: { asset: revenue } }, inputs: { orders } },
 *   ({ inputs }) => ({ has_rows: inputs.orders.length > 0, has_total: { passed: true, severity: "WARN" } }),
 * );
 */
export function multiAssetCheck<
  K extends string,
  I extends AssetInputs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
>(
  name: string,
  options: MultiAssetCheckOptions<K, I, C, R>,
  compute: (
    context: StepContext<InputValues<I, false>, ConfigOf<C>, ResourceValues<R>>,
  ) => Partial<Record<K, boolean | CheckOutcome>> | Promise<Partial<Record<K, boolean | CheckOutcome>>>,
): { readonly [P in K]: AssetCheckDefinition<R> } {
  const specs = Object.entries<MultiAssetCheckSpec>(options.checks);
  if (specs.length === 0) throw new TypeError(`multi-asset check ${name} has no checks`);
  const source = definitionSite();
  const loaded = assetDeps(options.inputs, options.deps);
  const node: OpNode = {
    type: "op",
    name,
    description: options.description,
    inputs: assetInputSpecs(loaded),
    outputs: specs.map(([check, { description }]) => ({
      name: check,
      description,
      dynamic: false,
      required: false,
      ioManager: undefined,
      schema: undefined,
    })),
    returns: "record",
    ...nodeOptions(options),
    compute,
    source,
  };
  const made = specs.map(
    ([check, { asset, description, blocking = false, automationCondition }]): [
      string,
      AssetCheckDefinition,
    ] => [
      check,
      {
        [KIND]: "assetCheck",
        name: check,
        asset,
        description,
        blocking,
        automation: checkCondition(automationCondition, check, asset.key),
        deps: [plainDep(asset, null), ...loaded],
        node,
        output: check,
        source,
      },
    ],
  );
  return Object.fromEntries(made) as { [P in K]: AssetCheckDefinition<R> };
}
