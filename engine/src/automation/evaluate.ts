/** Conditions → which partitions to request. Dagster's semantics (1.13.27), pure. */
import type { ConditionDef } from "@dagster-operator/sdk/internal";
import { conditionName, conditionOf, operatorType } from "./condition.ts";
import { resolveDeps } from "./deps.ts";
import { entityId } from "./entity.ts";
import { Leaves } from "./leaf.ts";
import { PartitionGraph } from "./partition-graph.ts";
import { RootState, type Scope, type Timing } from "./scope.ts";
import type { AssetCursor, AutomationCursor, AutomationWorld, Entity, EvaluationNode } from "./state.ts";
import type { Subset } from "./subset.ts";
import { byLevel } from "./topology.ts";

export interface EntityEvaluation {
  /** `raw/orders`, or `raw/orders:has_rows` of a check. */
  key: string;
  entity: Entity;
  root: EvaluationNode;
  /** What the condition is true for; what is requested may be more, where assets can only be made together. */
  requested: Subset;
}
export interface Evaluated {
  evaluations: EntityEvaluation[];
  /** By entity; none of them empty. */
  requests: Map<string, Subset>;
  cursor: AutomationCursor;
}

interface Result {
  true: Subset;
  timing?: Timing | undefined;
  node: EvaluationNode;
}

/** Most keys that a node of the history keeps. */
const KEPT_KEYS = 100;

/** @param targets entities whose conditions are evaluated, `raw/orders` or `raw/orders:has_rows`; each must have one */
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
  readonly #leaves: Leaves;
  readonly #evaluationId: number;
  /** Of each asset. */
  readonly #checks = new Map<string, Entity[]>();
  #root = new RootState("", undefined);

  constructor(world: AutomationWorld, previous: AutomationCursor | null) {
    this.#world = world;
    this.#previous = previous;
    this.#graph = new PartitionGraph(world);
    this.#leaves = new Leaves(world, previous, this.#graph, this.#requests);
    this.#evaluationId = (previous?.evaluationId ?? 0) + 1;
    for (const entity of world.entities.values()) {
      if (!entity.check) continue;
      const asset = entityId(entity.key);
      this.#checks.set(asset, [...(this.#checks.get(asset) ?? []), entity]);
    }
  }

  evaluate(targets: readonly string[]): Evaluated {
    const { now, mark } = this.#world;
    const evaluations: EntityEvaluation[] = [];
    const assets: Record<string, AssetCursor> = {};
    for (const key of byLevel(this.#world.entities, targets)) {
      const entity = this.#graph.entity(key);
      const condition = conditionOf(entity);
      if (!condition) continue;
      this.#root = new RootState(key, this.#previous?.assets[key]);
      const result = this.#node(condition, { key, candidates: this.#graph.universe(key).full() });
      this.#request(key, result.true);
      this.#requestTogether(entity, result.true);
      evaluations.push({ key, entity, root: result.node, requested: result.true });
      assets[key] = {
        partitions: JSON.stringify(entity.partitions),
        nodes: this.#root.nodes,
        digest: this.#root.before?.digest,
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
  #requestTogether({ node, canSubset, key: path }: Entity, subset: Subset): void {
    if (subset.isEmpty || canSubset || node === null) return;
    for (const [key, other] of this.#world.assets) {
      if (other.node === node && key !== path.join("/"))
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
        const id = this.#root.nodeId(def, scope);
        const before = this.#root.subset(id, candidates.universe);
        this.#root.nodes[id] = result.true.store();
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
        const checks = (this.#checks.get(key) ?? []).filter(
          ({ check }) => check?.blocking || !def.blockingOnly,
        );
        const all = def.kind === "all_checks_match";
        const children: EvaluationNode[] = [];
        let holds = all ? candidates : candidates.universe.empty();
        for (const check of checks) {
          const result = this.#matching(entityId(check.key, check.check?.name), def.operand, scope);
          children.push(result.node);
          holds = all ? holds.and(result.true) : holds.or(result.true);
        }
        return { true: holds.and(candidates), children };
      }
      default:
        if (candidates.isEmpty) return { true: candidates };
        return this.#leaves.evaluate(def, scope, this.#root);
    }
  }

  #since(def: Extract<ConditionDef, { kind: "since" }>, scope: Scope) {
    const everything = { ...scope, candidates: scope.candidates.universe.full() };
    const trigger = this.#node(def.trigger, everything);
    const reset = this.#node(def.reset, everything);
    const id = this.#root.nodeId(def, scope);
    let holds = this.#root.subset(id, scope.candidates.universe).or(trigger.true).minus(reset.true);
    const both = trigger.true.and(reset.true);
    if (!both.isEmpty && trigger.timing && reset.timing) {
      for (const [at, where] of trigger.timing) {
        let later = where.and(both);
        for (const [other, there] of reset.timing) if (other >= at) later = later.minus(there);
        holds = holds.or(later);
      }
    }
    this.#root.nodes[id] = holds.store();
    const timesId = `${id} times`;
    const stored = this.#root.text(timesId);
    const times: NonNullable<EvaluationNode["since"]> = stored
      ? (JSON.parse(stored) as NonNullable<EvaluationNode["since"]>)
      : { trigger: null, reset: null };
    const now: [number, number] = [this.#evaluationId, this.#world.now];
    const since = {
      trigger: trigger.true.isEmpty ? times.trigger : now,
      reset: reset.true.isEmpty ? times.reset : now,
    };
    this.#root.nodes[timesId] = { text: JSON.stringify(since) };
    return { true: holds, timing: trigger.timing, children: [trigger.node, reset.node], since };
  }

  #deps(def: Extract<ConditionDef, { kind: "any_deps_match" | "all_deps_match" }>, scope: Scope) {
    const { candidates, key } = scope;
    const all = def.kind === "all_deps_match";
    const children: EvaluationNode[] = [];
    const timing: Timing = new Map();
    let holds = all ? candidates : candidates.universe.empty();
    for (const dep of resolveDeps(this.#world.assets, this.#graph.entity(key).deps, def)) {
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

  /** The operand is asked of the partitions of another asset or check that belong to the candidates, and the answer led back. */
  #matching(other: string, operand: ConditionDef, scope: Scope): Result {
    const { key, candidates } = scope;
    const entity = this.#graph.entity(other);
    // Of what depends on this one the way is the other one.
    const below = other !== key && entity.deps.some((dep) => dep.key.join("/") === key);
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
      asset: entity.key,
      ...(entity.check ? { check: entity.check.name } : {}),
      candidates: candidates.size,
      true: holds.size,
      ...kept(holds),
      children: [result.node],
    };
    return { true: holds, timing, node };
  }
}

function kept(subset: Subset): { subset?: EvaluationNode["subset"] } {
  if (subset.universe.keys === null) return {};
  const stored = subset.store();
  if (typeof stored === "boolean") return {};
  const entries = "keys" in stored ? stored.keys : stored.ranges;
  return entries.length > KEPT_KEYS ? {} : { subset: stored };
}
