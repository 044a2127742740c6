/** Conditions → which partitions to request. Dagster's semantics (1.13.27), pure. */
import {
  type AssetDef,
  type ConditionDef,
  cronTicksBefore,
  defaultMapping,
} from "@dagster-operator/sdk/internal";
import { freshnessOf } from "../freshness/decide.ts";
import { conditionId, conditionName, conditionOf, operatorType } from "./condition.ts";
import { resolveDeps } from "./deps.ts";
import { latestWindow } from "./latest-window.ts";
import { PartitionGraph } from "./partition-graph.ts";
import type {
  AssetCursor,
  AutomationCursor,
  AutomationWorld,
  EvaluationNode,
  PartitionState,
} from "./state.ts";
import type { Subset, Universe } from "./subset.ts";
import { byLevel } from "./topology.ts";

export interface AssetEvaluation {
  key: string;
  root: EvaluationNode;
  /** What the condition is true for; what is requested may be more, where assets can only be made together. */
  requested: Subset;
}
export interface Evaluated {
  evaluations: AssetEvaluation[];
  /** By `raw/orders`; none of them empty. */
  requests: Map<string, Subset>;
  cursor: AutomationCursor;
}

/** When in it something happened (ms) → where. */
type Timing = Map<number, Subset>;
interface Result {
  true: Subset;
  timing?: Timing | undefined;
  node: EvaluationNode;
}

interface Scope {
  /** `raw/orders` of what the condition is asked of now. */
  key: string;
  candidates: Subset;
  /** Inside a check condition: the check. */
  check?: { name: string; passed: boolean | null } | undefined;
}

const FRESHNESS = { freshness_passed: "PASS", freshness_warned: "WARN", freshness_failed: "FAIL" } as const;

/** Most keys that a node of the history keeps. */
const KEPT_KEYS = 100;

/** @param targets assets whose conditions are evaluated, `raw/orders`; each must have one */
export function evaluateConditions(
  world: AutomationWorld,
  targets: readonly string[],
  previous: AutomationCursor | null,
): Evaluated {
  return new Evaluator(world, previous).evaluate(targets);
}

class Evaluator {
  readonly #world: AutomationWorld;
  readonly #previous: AutomationCursor | null;
  readonly #graph: PartitionGraph;
  readonly #requests = new Map<string, Subset>();
  readonly #facts = new Map<string, Subset>();
  readonly #evaluationId: number;
  /** Of the asset whose condition is being evaluated. */
  #root = "";
  #before: AssetCursor | undefined;
  #nodes: AssetCursor["nodes"] = {};

  constructor(world: AutomationWorld, previous: AutomationCursor | null) {
    this.#world = world;
    this.#previous = previous;
    this.#graph = new PartitionGraph(world);
    this.#evaluationId = (previous?.evaluationId ?? 0) + 1;
  }

  evaluate(targets: readonly string[]): Evaluated {
    const { now, mark } = this.#world;
    const evaluations: AssetEvaluation[] = [];
    const assets: Record<string, AssetCursor> = {};
    for (const key of byLevel(this.#world.assets, targets)) {
      const asset = this.#graph.asset(key);
      const condition = conditionOf(asset);
      if (!condition) continue;
      this.#root = key;
      this.#before = this.#previous?.assets[key];
      this.#nodes = {};
      const result = this.#node(condition, { key, candidates: this.#graph.universe(key).full() });
      this.#request(key, result.true);
      this.#requestTogether(asset, result.true);
      evaluations.push({ key, root: result.node, requested: result.true });
      assets[key] = {
        partitions: JSON.stringify(asset.partitions),
        nodes: this.#nodes,
        digest: this.#before?.digest,
      };
    }
    for (const evaluation of evaluations) {
      const requested = this.#requests.get(evaluation.key);
      const cursor = assets[evaluation.key];
      if (requested && cursor && !requested.isEmpty) cursor.requested = requested.store();
    }
    const requests = new Map([...this.#requests].filter(([, subset]) => !subset.isEmpty));
    return { evaluations, requests, cursor: { evaluationId: this.#evaluationId, at: now, mark, assets } };
  }

  #request(key: string, subset: Subset): void {
    const known = this.#requests.get(key);
    this.#requests.set(key, known ? known.or(subset) : subset);
  }

  /** Assets of one node that cannot be made apart are requested together. */
  #requestTogether(asset: AssetDef, subset: Subset): void {
    if (subset.isEmpty || asset.canSubset || asset.node === null) return;
    for (const [key, other] of this.#world.assets) {
      if (other.node === asset.node && other !== asset)
        this.#request(key, this.#graph.universe(key).of(subset.keys()));
    }
  }

  #node(def: ConditionDef, scope: Scope): Result {
    const found = this.#evaluate(def, scope);
    const node: EvaluationNode = {
      name: conditionName(def),
      ...(def.label === undefined ? {} : { label: def.label }),
      kind: operatorType(def.kind),
      candidates: scope.candidates.size,
      true: found.true.size,
      ...kept(found.true),
      ...(found.since ? { since: found.since } : {}),
      children: found.children ?? [],
    };
    return { true: found.true, timing: found.timing, node };
  }

  #evaluate(
    def: ConditionDef,
    scope: Scope,
  ): {
    true: Subset;
    timing?: Timing | undefined;
    children?: EvaluationNode[];
    since?: EvaluationNode["since"];
  } {
    const { candidates, key } = scope;
    switch (def.kind) {
      case "and": {
        const children: EvaluationNode[] = [];
        let holds = candidates;
        for (const operand of def.operands) {
          const result = this.#node(operand, { ...scope, candidates: holds });
          children.push(result.node);
          holds = holds.and(result.true);
        }
        return { true: holds, children };
      }
      case "or": {
        const results = def.operands.map((operand) => this.#node(operand, scope));
        const empty = candidates.universe.empty();
        return {
          true: results.reduce((all, result) => all.or(result.true), empty),
          children: results.map(({ node }) => node),
        };
      }
      case "not": {
        const result = this.#node(def.operand, scope);
        return { true: candidates.minus(result.true), children: [result.node] };
      }
      case "newly_true": {
        // Over everything, so that no change is missed while the node is not asked.
        const result = this.#node(def.operand, { ...scope, candidates: candidates.universe.full() });
        const id = this.#nodeId(def, scope);
        const before = this.#stored(id, candidates.universe);
        this.#nodes[id] = result.true.store();
        return { true: candidates.and(result.true.minus(before)), children: [result.node] };
      }
      case "since":
        return this.#since(def, scope);
      case "any_deps_match":
      case "all_deps_match":
        return this.#deps(def, scope);
      case "asset_matches": {
        const result = this.#matching(def.asset.join("/"), def.operand, scope);
        return { true: result.true, timing: result.timing, children: result.node.children };
      }
      case "any_checks_match":
      case "all_checks_match": {
        const checks = (this.#world.checks.get(key) ?? []).filter(
          ({ blocking }) => blocking || !def.blockingOnly,
        );
        const all = def.kind === "all_checks_match";
        const children: EvaluationNode[] = [];
        let holds = all ? candidates : candidates.universe.empty();
        for (const check of checks) {
          const result = this.#node(def.operand, { ...scope, check });
          children.push({ ...result.node, name: `${check.name}: ${result.node.name}` });
          holds = all ? holds.and(result.true) : holds.or(result.true);
        }
        return { true: holds.and(candidates), children };
      }
      default:
        if (candidates.isEmpty) return { true: candidates };
        return this.#leaf(def, scope);
    }
  }

  #since(def: Extract<ConditionDef, { kind: "since" }>, scope: Scope) {
    const everything = { ...scope, candidates: scope.candidates.universe.full() };
    const trigger = this.#node(def.trigger, everything);
    const reset = this.#node(def.reset, everything);
    const id = this.#nodeId(def, scope);
    let holds = this.#stored(id, scope.candidates.universe).or(trigger.true).minus(reset.true);
    const both = trigger.true.and(reset.true);
    if (!both.isEmpty && trigger.timing && reset.timing) {
      for (const [at, where] of trigger.timing) {
        let later = where.and(both);
        for (const [other, there] of reset.timing) if (other >= at) later = later.minus(there);
        holds = holds.or(later);
      }
    }
    this.#nodes[id] = holds.store();
    const timesId = `${id} times`;
    const stored = this.#before?.nodes[timesId];
    const times: NonNullable<EvaluationNode["since"]> =
      typeof stored === "object" && "text" in stored && stored.text
        ? (JSON.parse(stored.text) as NonNullable<EvaluationNode["since"]>)
        : { trigger: null, reset: null };
    const now: [number, number] = [this.#evaluationId, this.#world.now];
    const since = {
      trigger: trigger.true.isEmpty ? times.trigger : now,
      reset: reset.true.isEmpty ? times.reset : now,
    };
    this.#nodes[timesId] = { text: JSON.stringify(since) };
    return { true: holds, timing: trigger.timing, children: [trigger.node, reset.node], since };
  }

  #deps(def: Extract<ConditionDef, { kind: "any_deps_match" | "all_deps_match" }>, scope: Scope) {
    const { candidates, key } = scope;
    const all = def.kind === "all_deps_match";
    const children: EvaluationNode[] = [];
    const timing: Timing = new Map();
    let holds = all ? candidates : candidates.universe.empty();
    for (const dep of resolveDeps(this.#world.assets, key, def)) {
      const result = this.#matching(dep, def.operand, scope);
      children.push(result.node);
      holds = all ? holds.and(result.true) : holds.or(result.true);
      for (const [at, where] of result.timing ?? []) timing.set(at, timing.get(at)?.or(where) ?? where);
    }
    return {
      true: holds.and(candidates),
      children,
      timing: all || timing.size === 0 ? undefined : timing,
    };
  }

  /** The operand is asked of the partitions of another asset that belong to the candidates, and the answer led back. */
  #matching(other: string, operand: ConditionDef, scope: Scope): Result {
    const { key, candidates } = scope;
    const asset = this.#graph.asset(other);
    // Of an asset that depends on this one the way is the other one.
    const below = other !== key && asset.deps.some((dep) => dep.key.join("/") === key);
    const there = below
      ? this.#graph.downstream(other, key, candidates)
      : this.#graph.upstream(key, other, candidates);
    const result = this.#node(operand, { key: other, candidates: there });
    const back = (subset: Subset) =>
      below ? this.#graph.upstream(other, key, subset) : this.#graph.downstream(key, other, subset);
    const timing = result.timing && new Map([...result.timing].map(([at, where]) => [at, back(where)]));
    const holds = back(result.true);
    const node: EvaluationNode = {
      name: other,
      kind: "identity",
      asset: asset.key,
      candidates: candidates.size,
      true: holds.size,
      ...kept(holds),
      children: [result.node],
    };
    return { true: holds, timing, node };
  }

  #leaf(def: ConditionDef, { key, candidates, check }: Scope): { true: Subset; timing?: Timing | undefined } {
    const { universe } = candidates;
    const { now, mark } = this.#world;
    const previous = this.#before === undefined ? null : this.#previous;
    switch (def.kind) {
      case "missing":
        return {
          true: check
            ? candidates.and(universe.where(check.passed === null))
            : candidates.minus(this.#fact("made", key, ({ updatedId }) => updatedId !== null)),
        };
      case "run_in_progress":
        return {
          true: check ? universe.empty() : this.#fact("running", key, ({ inProgress }) => inProgress),
        };
      case "backfill_in_progress":
        return { true: check ? universe.empty() : universe.of(this.#world.backfills.get(key) ?? []) };
      case "execution_failed":
        return { true: check ? universe.empty() : this.#fact("failed", key, ({ failed }) => failed) };
      case "newly_updated": {
        if (previous === null || check) return { true: universe.empty() };
        const timing = new Map<number, string[]>();
        const updated = this.#whereState(key, ({ updatedId, update }, partition) => {
          const isNew = updatedId !== null && updatedId > previous.mark && updatedId <= mark;
          if (isNew && update) timing.set(update.ts, [...(timing.get(update.ts) ?? []), partition]);
          return isNew;
        });
        return {
          true: updated,
          timing:
            timing.size > 0 ? new Map([...timing].map(([at, keys]) => [at, universe.of(keys)])) : undefined,
        };
      }
      case "executed_with_root_target": {
        const root = this.#root;
        if (key === root || check) return { true: universe.empty() };
        return {
          true: candidates.and(this.#whereState(key, ({ update }) => update?.runAssets.has(root) ?? false)),
        };
      }
      case "newly_requested": {
        const requested = check ? undefined : this.#previous?.assets[key]?.requested;
        if (requested === undefined || previous === null) return { true: universe.empty() };
        const where = universe.restore(requested);
        return { true: where, timing: new Map([[previous.at, where]]) };
      }
      case "will_be_requested":
        return {
          true: this.#canRunWithRoot(key) ? (this.#requests.get(key) ?? universe.empty()) : universe.empty(),
        };
      case "initial_evaluation": {
        const first =
          this.#before === undefined ||
          this.#before.partitions !== JSON.stringify(this.#graph.asset(this.#root).partitions);
        return { true: first ? candidates : universe.empty() };
      }
      case "code_version_changed": {
        const id = this.#nodeId(def, { key, candidates, check });
        const stored = this.#before?.nodes[id];
        const before = typeof stored === "object" && "text" in stored ? stored.text : undefined;
        const text = this.#graph.asset(key).codeVersion ?? null;
        this.#nodes[id] = { text };
        const changed = before !== undefined && before !== null && before !== text;
        return { true: changed ? candidates : universe.empty() };
      }
      case "cron_tick_passed": {
        if (previous === null) return { true: universe.empty() };
        const [tick] = first(cronTicksBefore(def.cron, def.timezone, now + 1));
        if (tick === undefined || tick <= previous.at) return { true: universe.empty() };
        return { true: candidates, timing: new Map([[tick, candidates]]) };
      }
      case "in_latest_time_window":
        return { true: latestWindow(this.#graph.asset(key).partitions, universe, def.lookbackSeconds) };
      case "freshness_passed":
      case "freshness_warned":
      case "freshness_failed": {
        const { freshnessPolicy } = this.#graph.asset(key);
        if (!freshnessPolicy || check) return { true: universe.empty() };
        const state = freshnessOf(freshnessPolicy, this.#world.lastMade.get(key) ?? null, now);
        return { true: candidates.and(universe.where(FRESHNESS[def.kind] === state)) };
      }
      case "check_passed":
        return { true: candidates.and(universe.where(check?.passed === true)) };
      case "check_failed":
        return { true: candidates.and(universe.where(check?.passed === false)) };
      default:
        throw new Error(`condition ${def.kind} has operands and is no leaf`);
    }
  }

  /** What does not depend on who asks is found once. */
  #fact(name: string, key: string, holds: (state: PartitionState) => boolean): Subset {
    const id = `${name} ${key}`;
    const known = this.#facts.get(id) ?? this.#whereState(key, holds);
    this.#facts.set(id, known);
    return known;
  }

  #whereState(key: string, holds: (state: PartitionState, partition: string) => boolean): Subset {
    const keys: string[] = [];
    for (const [partition, state] of this.#world.states.get(key) ?? [])
      if (holds(state, partition)) keys.push(partition);
    const universe = this.#graph.universe(key);
    if (universe.keys === null) return universe.where(keys.includes(""));
    return universe.of(keys);
  }

  /** Can both be made by one run, the other one first? */
  #canRunWithRoot(key: string): boolean {
    const [root, other] = [this.#graph.asset(this.#root), this.#graph.asset(key)];
    if (other.kind !== "materializable") return false;
    if (this.#graph.universe(key) !== this.#graph.universe(this.#root)) return false;
    if (root.partitions === null || key === this.#root) return true;
    const used = this.#graph.mapping(this.#root, key) ?? defaultMapping(root.partitions, root.partitions);
    return used.kind === "identity" || used.kind === "time_window";
  }

  #nodeId(def: ConditionDef, { key, check }: Scope): string {
    const target = key === this.#root ? "" : `${key} `;
    return `${target}${check ? `${check.name} ` : ""}${conditionId(def)}`;
  }

  #stored(id: string, universe: Universe): Subset {
    const stored = this.#before?.nodes[id];
    if (stored === undefined || (typeof stored === "object" && "text" in stored)) return universe.empty();
    return universe.restore(stored);
  }
}

function first<T>(all: Iterable<T>): T[] {
  for (const one of all) return [one];
  return [];
}

function kept(subset: Subset): { subset?: EvaluationNode["subset"] } {
  if (subset.universe.keys === null) return {};
  const stored = subset.store();
  if (typeof stored === "boolean") return {};
  const entries = "keys" in stored ? stored.keys : stored.ranges;
  return entries.length > KEPT_KEYS ? {} : { subset: stored };
}
