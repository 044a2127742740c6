/** Conditions without operands: where each holds. */
import { type ConditionDef, cronTicksBefore, defaultMapping } from "@dagster-operator/sdk/internal";
import { freshnessOf } from "../freshness/decide.ts";
import { latestWindow } from "./latest-window.ts";
import type { PartitionGraph } from "./partition-graph.ts";
import type { RootState, Scope, Timing } from "./scope.ts";
import type { AutomationCursor, AutomationWorld, PartitionState } from "./state.ts";
import type { Subset } from "./subset.ts";

const FRESHNESS = { freshness_passed: "PASS", freshness_warned: "WARN", freshness_failed: "FAIL" } as const;

export class Leaves {
  readonly #world: AutomationWorld;
  readonly #previous: AutomationCursor | null;
  readonly #graph: PartitionGraph;
  readonly #requests: ReadonlyMap<string, Subset>;
  readonly #facts = new Map<string, Subset>();

  /** @param requests what has been requested so far in this evaluation; it grows while assets are evaluated */
  constructor(
    world: AutomationWorld,
    previous: AutomationCursor | null,
    graph: PartitionGraph,
    requests: ReadonlyMap<string, Subset>,
  ) {
    this.#world = world;
    this.#previous = previous;
    this.#graph = graph;
    this.#requests = requests;
  }

  evaluate(def: ConditionDef, scope: Scope, root: RootState): { true: Subset; timing?: Timing | undefined } {
    const { key, candidates } = scope;
    const { universe } = candidates;
    const { now, mark } = this.#world;
    const previous = root.before === undefined ? null : this.#previous;
    switch (def.kind) {
      case "missing":
        return {
          true: candidates.minus(
            this.#fact("made", key, ({ updatedId, check }) =>
              check === undefined ? updatedId !== null : check !== null,
            ),
          ),
        };
      case "run_in_progress":
        return {
          true: this.#fact("running", key, ({ inProgress }) => inProgress),
        };
      case "backfill_in_progress":
        return { true: universe.of(this.#world.backfills.get(key) ?? []) };
      case "execution_failed":
        return { true: this.#fact("failed", key, ({ failed }) => failed) };
      case "newly_updated": {
        if (previous === null) return { true: universe.empty() };
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
        if (key === root.key) return { true: universe.empty() };
        return {
          true: candidates.and(
            this.#whereState(key, ({ update }) => update?.runTargets.has(root.key) ?? false),
          ),
        };
      }
      case "newly_requested": {
        const requested = this.#previous?.assets[key]?.requested;
        if (requested === undefined || previous === null) return { true: universe.empty() };
        const where = universe.restore(requested);
        return { true: where, timing: new Map([[previous.at, where]]) };
      }
      case "will_be_requested":
        return {
          true: this.#canRunWith(root.key, key)
            ? (this.#requested(key) ?? universe.empty())
            : universe.empty(),
        };
      case "initial_evaluation": {
        const first =
          root.before === undefined ||
          root.before.partitions !== JSON.stringify(this.#graph.entity(root.key).partitions);
        return { true: first ? candidates : universe.empty() };
      }
      case "code_version_changed": {
        const id = root.nodeId(def, scope);
        const before = root.text(id);
        const text = this.#graph.entity(key).codeVersion ?? null;
        root.nodes[id] = { text };
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
        return { true: latestWindow(this.#graph.entity(key).partitions, universe, def.lookbackSeconds) };
      case "freshness_passed":
      case "freshness_warned":
      case "freshness_failed": {
        const { freshnessPolicy } = this.#graph.entity(key);
        if (!freshnessPolicy) return { true: universe.empty() };
        const state = freshnessOf(freshnessPolicy, this.#world.lastMade.get(key) ?? null, now);
        return { true: candidates.and(universe.where(FRESHNESS[def.kind] === state)) };
      }
      case "check_passed":
        return { true: candidates.and(this.#fact("passed", key, ({ check }) => check === "SUCCEEDED")) };
      case "check_failed":
        return { true: candidates.and(this.#fact("not passed", key, ({ check }) => check === "FAILED")) };
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

  /** A check without a condition of its own runs with its asset. */
  #requested(key: string): Subset | undefined {
    const { check, automation, key: asset } = this.#graph.entity(key);
    const own = this.#requests.get(key);
    return own || !check || automation ? own : this.#requests.get(asset.join("/"));
  }

  /** Can both be made by one run, the other one first? */
  #canRunWith(rootKey: string, key: string): boolean {
    const [root, other] = [this.#graph.entity(rootKey), this.#graph.entity(key)];
    if (other.kind !== "materializable" && other.kind !== "check") return false;
    if (this.#graph.universe(key) !== this.#graph.universe(rootKey)) return false;
    if (root.partitions === null || key === rootKey) return true;
    const used = this.#graph.mapping(rootKey, key) ?? defaultMapping(root.partitions, root.partitions);
    return used.kind === "identity" || used.kind === "time_window";
  }
}

function first<T>(all: Iterable<T>): T[] {
  for (const one of all) return [one];
  return [];
}
