import type { AssetDefinition } from "../asset/asset.ts";
import { type AssetKeyLike, assetKey } from "../asset/asset-key.ts";
import { parseCron } from "../cron/parse.ts";
import type { ConditionDef, LeafKind } from "../model/automation.ts";
import { parseSelection } from "../selection/parse.ts";
import { KIND, kindOf } from "../source.ts";
import { timeZone } from "../time/zone.ts";

/** Which dependencies: a selection such as `group:raw`, or assets. */
export type DepSelectionLike = string | AssetDefinition | readonly AssetDefinition[];

/** Throws SelectionError for text that is no selection. */
export function selectionsOf(selection: DepSelectionLike): string[] {
  if (typeof selection === "string") {
    parseSelection(selection);
    return [selection];
  }
  return (Array.isArray(selection) ? selection : [selection]).map(({ key }) => `key:"${key.join("/")}"`);
}

/**
 * When an asset, or some of its partitions, shall be materialized: part of its definition, evaluated by the control plane.
 * Conditions are values: each method gives a new one.
 * @example
 * asset("revenue", { inputs: { orders }, automationCondition: AutomationCondition.eager() }, …);
 * AutomationCondition.onCron("0 6 * * *").ignore(reference).or(AutomationCondition.missing().newlyTrue());
 */
export class AutomationCondition {
  readonly [KIND] = "automationCondition" as const;
  readonly def: ConditionDef;
  /** Not for users: conditions are made by the static methods. */
  constructor(def: ConditionDef) {
    this.def = def;
  }

  /**
   * When a dependency updates, or when it becomes missing itself: unless a dependency is missing or in progress, or it is in
   * progress itself. Of time partitions only the latest.
   */
  static eager(): AutomationCondition {
    const {
      inLatestTimeWindow,
      newlyMissing,
      anyDepsUpdated,
      anyDepsMissing,
      anyDepsInProgress,
      inProgress,
    } = AutomationCondition;
    return inLatestTimeWindow()
      .and(newlyMissing().or(anyDepsUpdated()).sinceLastHandled())
      .and(anyDepsMissing().not(), anyDepsInProgress().not(), inProgress().not())
      .withLabel("eager");
  }
  /** Once for each tick of the cron, after all dependencies have updated since it. Of time partitions only the latest. */
  static onCron(cron: string, timezone = "UTC"): AutomationCondition {
    return AutomationCondition.inLatestTimeWindow()
      .and(AutomationCondition.cronTickPassed(cron, timezone).sinceLastHandled())
      .and(AutomationCondition.allDepsUpdatedSinceCron(cron, timezone))
      .withLabel(`on_cron(${cron}, ${timezone})`);
  }
  /** When it becomes missing after it got this condition, e.g. a new partition, and no dependency is missing. */
  static onMissing(): AutomationCondition {
    return AutomationCondition.inLatestTimeWindow()
      .and(
        AutomationCondition.missing().newlyTrue().sinceLastHandled().withLabel("missing_since_last_handled"),
      )
      .and(AutomationCondition.anyDepsMissing().not())
      .withLabel("on_missing");
  }

  /** Never materialized. */
  static missing = () => leaf("missing");
  /** A run or a backfill of it is under way, or waits in the queue. */
  static inProgress = () =>
    AutomationCondition.runInProgress().or(AutomationCondition.backfillInProgress()).withLabel("in_progress");
  static runInProgress = () => leaf("run_in_progress");
  static backfillInProgress = () => leaf("backfill_in_progress");
  /** The newest run of it failed to make it. */
  static executionFailed = () => leaf("execution_failed");
  /** Materialized since the last evaluation. */
  static newlyUpdated = () => leaf("newly_updated");
  /** Requested by the last evaluation. */
  static newlyRequested = () => leaf("newly_requested");
  /** Will be requested by this evaluation, and can be made in one run with the asset that the condition is of. */
  static willBeRequested = () => leaf("will_be_requested");
  /** The first evaluation of this asset with these partitions. */
  static initialEvaluation = () => leaf("initial_evaluation");
  /** `codeVersion` is another than at the last evaluation. */
  static codeVersionChanged = () => leaf("code_version_changed");
  /** Its newest materialization comes from a run that also makes the asset that the condition is of. */
  static executedWithRootTarget = () => leaf("executed_with_root_target");
  /** For `anyChecksMatch` and `allChecksMatch`. */
  static checkPassed = () => leaf("check_passed");
  static checkFailed = () => leaf("check_failed");
  /** By the `freshnessPolicy` of the asset; of one without a policy none is true. */
  static freshnessPassed = () => leaf("freshness_passed");
  static freshnessWarned = () => leaf("freshness_warned");
  static freshnessFailed = () => leaf("freshness_failed");
  /** The cron had a tick since the last evaluation. Throws for a wrong cron or time zone. */
  static cronTickPassed = (cron: string, timezone = "UTC") => {
    parseCron(cron);
    timeZone(timezone);
    return new AutomationCondition({ kind: "cron_tick_passed", cron, timezone });
  };
  /** The latest time window; with `lookbackSeconds`, all that begin at most so long before its end. All, if it has no time. */
  static inLatestTimeWindow = (lookbackSeconds?: number) =>
    new AutomationCondition({ kind: "in_latest_time_window", lookbackSeconds: lookbackSeconds ?? null });

  static anyDepsMatch = (operand: AutomationCondition) =>
    new AutomationCondition({ kind: "any_deps_match", operand: operand.def });
  static allDepsMatch = (operand: AutomationCondition) =>
    new AutomationCondition({ kind: "all_deps_match", operand: operand.def });
  static assetMatches = (asset: AssetDefinition | AssetKeyLike, operand: AutomationCondition) =>
    new AutomationCondition({
      kind: "asset_matches",
      asset: kindOf(asset) === "asset" ? (asset as AssetDefinition).key : assetKey(asset as AssetKeyLike),
      operand: operand.def,
    });
  static anyChecksMatch = (operand: AutomationCondition, { blockingOnly = false } = {}) =>
    new AutomationCondition({ kind: "any_checks_match", operand: operand.def, blockingOnly });
  static allChecksMatch = (operand: AutomationCondition, { blockingOnly = false } = {}) =>
    new AutomationCondition({ kind: "all_checks_match", operand: operand.def, blockingOnly });

  static newlyMissing = () => AutomationCondition.missing().newlyTrue().withLabel("newly_missing");
  /** Updated by a run that does not also make this asset, or requested by this evaluation. */
  static anyDepsUpdated = () =>
    AutomationCondition.anyDepsMatch(
      AutomationCondition.newlyUpdated()
        .and(AutomationCondition.executedWithRootTarget().not())
        .withLabel("newly_updated_without_root")
        .or(AutomationCondition.willBeRequested()),
    ).withLabel("any_deps_updated");
  static anyDepsMissing = () =>
    AutomationCondition.anyDepsMatch(
      AutomationCondition.missing().and(AutomationCondition.willBeRequested().not()),
    ).withLabel("any_deps_missing");
  static anyDepsInProgress = () =>
    AutomationCondition.anyDepsMatch(AutomationCondition.inProgress()).withLabel("any_deps_in_progress");
  static allDepsBlockingChecksPassed = () =>
    AutomationCondition.allDepsMatch(
      AutomationCondition.allChecksMatch(
        AutomationCondition.checkPassed().or(AutomationCondition.willBeRequested()),
        { blockingOnly: true },
      ).withLabel("all_blocking_checks_passed"),
    ).withLabel("all_deps_blocking_checks_passed");
  static allDepsUpdatedSinceCron = (cron: string, timezone = "UTC") =>
    AutomationCondition.allDepsMatch(
      AutomationCondition.newlyUpdated()
        .since(AutomationCondition.cronTickPassed(cron, timezone))
        .or(AutomationCondition.willBeRequested()),
    ).withLabel(`all_deps_updated_since_cron(${cron}, ${timezone})`);

  /** Where all are true. */
  and(...others: AutomationCondition[]): AutomationCondition {
    return new AutomationCondition({ kind: "and", operands: operandsOf("and", [this, ...others]) });
  }
  /** Where any is true. */
  or(...others: AutomationCondition[]): AutomationCondition {
    return new AutomationCondition({ kind: "or", operands: operandsOf("or", [this, ...others]) });
  }
  not(): AutomationCondition {
    return new AutomationCondition({ kind: "not", operand: this.def });
  }
  /** Where this has become true after `reset` was last true. */
  since(reset: AutomationCondition): AutomationCondition {
    return new AutomationCondition({ kind: "since", trigger: this.def, reset: reset.def });
  }
  /** Where this became true with this evaluation. */
  newlyTrue(): AutomationCondition {
    return new AutomationCondition({ kind: "newly_true", operand: this.def });
  }
  /** Where this was true after the asset was last requested or updated, or first evaluated. */
  sinceLastHandled(): AutomationCondition {
    const { newlyRequested, newlyUpdated, initialEvaluation } = AutomationCondition;
    return this.since(newlyRequested().or(newlyUpdated(), initialEvaluation()).withLabel("handled"));
  }
  /** A name for people, in the history of evaluations. */
  withLabel(label: string): AutomationCondition {
    return new AutomationCondition({ ...this.def, label });
  }
  /** Dependency conditions in it look at these dependencies only. */
  allow(selection: DepSelectionLike): AutomationCondition {
    return new AutomationCondition(withSelection(this.def, "allow", selectionsOf(selection)));
  }
  /** Dependency conditions in it do not look at these dependencies. */
  ignore(selection: DepSelectionLike): AutomationCondition {
    return new AutomationCondition(withSelection(this.def, "ignore", selectionsOf(selection)));
  }
  /** Puts `by` in the place of each condition with this label or kind, or that is like `old`. */
  replace(old: AutomationCondition | string, by: AutomationCondition): AutomationCondition {
    const text = typeof old === "string" ? undefined : JSON.stringify(old.def);
    const isOld = (def: ConditionDef) =>
      text === undefined ? def.label === old || def.kind === old : JSON.stringify(def) === text;
    const walk = (def: ConditionDef): ConditionDef => (isOld(def) ? by.def : mapOperands(def, walk));
    return new AutomationCondition(walk(this.def));
  }
  /** Takes one of the conditions out that this is the `and` of. Throws when it is none of them. */
  without(condition: AutomationCondition): AutomationCondition {
    const { def } = this;
    const text = JSON.stringify(condition.def);
    const operands = def.kind === "and" ? def.operands.filter((each) => JSON.stringify(each) !== text) : [];
    if (def.kind !== "and" || operands.length === def.operands.length)
      throw new TypeError(
        `condition ${condition.def.label ?? condition.def.kind} is not an operand: nothing to take out`,
      );
    return new AutomationCondition({ ...def, operands });
  }
}

const leaf = (kind: LeafKind) => new AutomationCondition({ kind });

/** `a.and(b).and(c)` is one `and` of three, unless one has a label of its own. */
const operandsOf = (kind: "and" | "or", conditions: AutomationCondition[]): ConditionDef[] =>
  conditions.flatMap(({ def }) => (def.kind === kind && def.label === undefined ? def.operands : [def]));

function mapOperands(def: ConditionDef, map: (def: ConditionDef) => ConditionDef): ConditionDef {
  if ("operands" in def) return { ...def, operands: def.operands.map(map) };
  if ("operand" in def) return { ...def, operand: map(def.operand) };
  if ("trigger" in def) return { ...def, trigger: map(def.trigger), reset: map(def.reset) };
  return def;
}

function withSelection(def: ConditionDef, field: "allow" | "ignore", selections: string[]): ConditionDef {
  if (def.kind === "any_deps_match" || def.kind === "all_deps_match") {
    const known = def[field];
    // Allowed twice is allowed by both; ignored twice is ignored by either.
    const joined =
      known === undefined
        ? [selections.map((each) => `(${each})`).join(" or ")]
        : field === "ignore"
          ? [...known, ...selections]
          : [`(${known[0]}) and (${selections.map((each) => `(${each})`).join(" or ")})`];
    return { ...def, [field]: joined };
  }
  return mapOperands(def, (each) => withSelection(each, field, selections));
}
