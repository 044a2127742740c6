import { keyText } from "../asset/asset-key.ts";
import type { ConditionDef } from "../model/automation.ts";
import type { AssetKey } from "../model/definitions.ts";
import type { AutomationCondition } from "./automation-condition.ts";

const OF_ASSETS: readonly ConditionDef["kind"][] = [
  "code_version_changed",
  "freshness_passed",
  "freshness_warned",
  "freshness_failed",
  "any_checks_match",
  "all_checks_match",
];

/** Throws for a condition that says something of the check itself that can only be said of an asset. */
export function checkCondition(
  condition: AutomationCondition | undefined,
  name: string,
  asset: AssetKey,
): ConditionDef | undefined {
  const walk = (def: ConditionDef): void => {
    if (OF_ASSETS.includes(def.kind))
      throw new TypeError(
        `automation condition of check ${name} of asset ${keyText(asset)}: ${def.kind} is about assets; ` +
          `ask it of the asset: AutomationCondition.assetMatches("${keyText(asset)}", …)`,
      );
    if ("operands" in def) for (const operand of def.operands) walk(operand);
    else if ("trigger" in def) {
      walk(def.trigger);
      walk(def.reset);
    } else if (def.kind === "not" || def.kind === "newly_true") walk(def.operand);
  };
  if (condition) walk(condition.def);
  return condition?.def;
}
