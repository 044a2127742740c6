/** Conditions for people and for cursors. */
import type { AssetDef, ConditionDef } from "@dagster-operator/sdk/internal";

export const conditionOf = (asset: Pick<AssetDef, "automation">): ConditionDef | undefined =>
  asset.automation as ConditionDef | undefined;

export function conditionChildren(def: ConditionDef): ConditionDef[] {
  if ("operands" in def) return def.operands;
  if ("operand" in def) return [def.operand];
  if ("trigger" in def) return [def.trigger, def.reset];
  return [];
}

const NAMES: Partial<Record<ConditionDef["kind"], string>> = {
  and: "AND",
  or: "OR",
  not: "NOT",
  since: "SINCE",
  newly_true: "NEWLY_TRUE",
  any_deps_match: "ANY_DEPS_MATCH",
  all_deps_match: "ALL_DEPS_MATCH",
  any_checks_match: "ANY_CHECKS_MATCH",
  all_checks_match: "ALL_CHECKS_MATCH",
};

/** What Dagster calls it. */
export function conditionName(def: ConditionDef): string {
  if (def.kind === "cron_tick_passed")
    return `cron_tick_passed(cron_schedule=${def.cron}, cron_timezone=${def.timezone})`;
  if (def.kind === "in_latest_time_window")
    return def.lookbackSeconds === null ? def.kind : `${def.kind}(lookback_seconds=${def.lookbackSeconds})`;
  if (def.kind === "asset_matches") return def.asset.join("/");
  const name = NAMES[def.kind] ?? def.kind;
  if (def.kind !== "any_deps_match" && def.kind !== "all_deps_match") return name;
  const props = [
    ...(def.allow ? [`allow_selection=${def.allow.join(" or ")}`] : []),
    ...(def.ignore ? [`ignore_selection=${def.ignore.join(" or ")}`] : []),
  ];
  return props.length === 0 ? name : `${name}(${props.join(",")})`;
}

export function operatorType(kind: ConditionDef["kind"]): "and" | "or" | "not" | "identity" {
  if (kind === "and" || kind === "all_deps_match" || kind === "all_checks_match") return "and";
  if (kind === "or" || kind === "any_deps_match" || kind === "any_checks_match") return "or";
  return kind === "not" ? "not" : "identity";
}

const stable = new WeakMap<ConditionDef, string>();

/** The same for conditions that say the same, whatever they are called and wherever they stand. */
export function conditionId(def: ConditionDef): string {
  let id = stable.get(def);
  if (id === undefined) {
    const inner = conditionChildren(def).map(conditionId).join(",");
    const own = conditionName(def);
    id = inner === "" ? own : `${own}(${inner})`;
    stable.set(def, id);
  }
  return id;
}
