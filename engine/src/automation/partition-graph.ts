/** The assets and checks of a location and the ways between their partitions. */
import {
  defaultMapping,
  downstreamPartitionKeys,
  type PartitionMapping,
  type PartitionsDef,
  upstreamPartitionKeys,
} from "@dagster-operator/sdk/internal";
import type { AutomationWorld, Entity } from "./state.ts";
import { type Subset, Universe } from "./subset.ts";

export class PartitionGraph {
  readonly #world: AutomationWorld;
  readonly #universes = new Map<string, Universe>();
  readonly #links = new Map<string, Map<string, string[]>>();

  constructor(world: AutomationWorld) {
    this.#world = world;
  }

  entity(key: string): Entity {
    const entity = this.#world.entities.get(key);
    if (!entity)
      throw new Error(`automation conditions lead to ${key}, which this code location does not define`);
    return entity;
  }

  /** What is partitioned alike shares one, so that equal partitions need no mapping. */
  universe(key: string): Universe {
    const entity = this.entity(key);
    const id = JSON.stringify(entity.partitions);
    let universe = this.#universes.get(id);
    if (!universe) {
      universe = new Universe(this.#world.partitionKeys(entity), entity.partitions?.kind === "time_window");
      this.#universes.set(id, universe);
    }
    return universe;
  }

  mapping(downstream: string, upstream: string): PartitionMapping | undefined {
    return this.entity(downstream).deps.find((dep) => dep.key.join("/") === upstream)?.mapping;
  }

  /** Partitions of `upstream` that these of `downstream` need. */
  upstream(downstream: string, upstream: string, subset: Subset): Subset {
    const universe = this.universe(upstream);
    if (subset.isEmpty) return universe.empty();
    if (universe.keys === null) return universe.full();
    if (this.#isSame(downstream, upstream)) return subset;
    return universe.of(this.#linked("up", downstream, upstream, subset));
  }

  /** Partitions of `downstream` that need any of these of `upstream`. */
  downstream(downstream: string, upstream: string, subset: Subset): Subset {
    const universe = this.universe(downstream);
    if (subset.isEmpty) return universe.empty();
    if (universe.keys === null || subset.universe.keys === null) return universe.full();
    if (this.#isSame(downstream, upstream)) return subset;
    return universe.of(this.#linked("down", downstream, upstream, subset));
  }

  #isSame(downstream: string, upstream: string): boolean {
    if (this.universe(downstream) !== this.universe(upstream)) return false;
    const [lower, upper] = [this.entity(downstream).partitions, this.entity(upstream).partitions];
    const used = this.mapping(downstream, upstream) ?? defaultMapping(lower, upper as PartitionsDef);
    if (used.kind === "identity") return true;
    return used.kind === "time_window" && used.startOffset === 0 && used.endOffset === 0;
  }

  /** Windows of two lengths are compared once for each pair of definitions, however many assets have them. */
  *#linked(way: "up" | "down", downstream: string, upstream: string, subset: Subset): Generator<string> {
    const of = this.#mappingOf(downstream, upstream);
    const map = way === "up" ? upstreamPartitionKeys : downstreamPartitionKeys;
    const windows = of.downstream?.kind === "time_window" && of.upstream?.kind === "time_window";
    if (!windows || (of.mapping && of.mapping.kind !== "time_window")) {
      yield* map({ ...of, keys: subset.keys() }) ?? [];
      return;
    }
    const id = `${way} ${JSON.stringify([of.downstream, of.upstream, of.mapping])}`;
    const links = this.#links.get(id) ?? new Map<string, string[]>();
    this.#links.set(id, links);
    for (const key of subset.keys()) {
      let found = links.get(key);
      if (!found) {
        found = map({ ...of, keys: [key] }) ?? [];
        links.set(key, found);
      }
      yield* found;
    }
  }

  #mappingOf(downstream: string, upstream: string) {
    return {
      downstream: this.entity(downstream).partitions,
      upstream: this.entity(upstream).partitions,
      mapping: this.mapping(downstream, upstream),
      now: this.#world.now,
      dynamic: (name: string) => this.#world.dynamic(name),
    };
  }
}
