/** Which runs a backfill asks for now. Pure. */
import {
  comparePartitionKeys,
  type PartitionsAt,
  type PartitionsDef,
  partitionKeys,
  partitionKeysInRange,
  type RunContext,
} from "@dagster-operator/sdk/internal";
import type { Letters } from "./fold-runs.ts";
import type { BackfillPlan, PlannedTarget } from "./plan.ts";

export interface NextRun {
  location: string;
  /** null for a run of the backfill's job. */
  assets: string[][] | null;
  partition: RunContext["partition"];
  /** Places and indexes of what it makes. */
  cells: { place: number; index: number }[];
}

/**
 * A partition is asked for once everything that it needs of this backfill is made, or is made by the same run: assets of one
 * code location with equal partitions and backfill policy, where each needs the upstream partition of its own key. A run takes
 * as many partitions as the policy allows; one that could be fuller waits for the partitions that cannot be asked for yet.
 */
export function nextRuns(plan: BackfillPlan, letters: readonly Letters[], at: PartitionsAt): NextRun[] {
  const ready = readyOf(plan, letters);
  const groups = new Map<string, PlannedTarget[]>();
  for (const target of plan.targets) {
    const group = groups.get(target.group);
    if (group) group.push(target);
    else groups.set(target.group, [target]);
  }
  const runs: { run: NextRun; held: boolean }[] = [];
  for (const group of groups.values()) runs.push(...runsOfGroup(group, ready, letters, at));
  const now = runs.filter(({ held }) => !held);
  const nothingElse = now.length === 0 && !letters.some((row) => row.includes("R"));
  // Waiting for a fuller run must not be waiting for itself.
  return (nothingElse ? runs : now).map(({ run }) => run);
}

/** 1 for each partition that can be asked for. */
function readyOf({ order }: BackfillPlan, letters: readonly Letters[]): Uint8Array[] {
  const ready = letters.map((row) => new Uint8Array(row.length));
  const units = new Map<string, PlannedTarget[]>();
  for (const target of order) {
    const unit = units.get(target.unit);
    if (unit) unit.push(target);
    else units.set(target.unit, [target]);
  }
  // A unit's turn is where its last target is: all that is upstream of any of them was looked at.
  for (const target of order) {
    const unit = units.get(target.unit) ?? [];
    if (unit.at(-1) !== target) continue;
    for (const member of unit) readyAlone(member, letters, ready);
    if (unit.length > 1) allOrNone(unit, letters, ready);
  }
  return ready;
}

function readyAlone(target: PlannedTarget, letters: readonly Letters[], ready: Uint8Array[]): void {
  const row = letters[target.place] ?? [];
  const mine = ready[target.place] as Uint8Array;
  const met = ({ needs, upstream, together }: PlannedTarget["edges"][number], index: number) =>
    needs(index).every((at) => letters[upstream]?.[at] === "D" || (together && ready[upstream]?.[at] === 1));
  const fixed = target.edges.filter((edge) => edge.fixed).every((edge) => met(edge, 0));
  const moving = target.edges.filter((edge) => !edge.fixed);
  if (!fixed) return;
  for (let index = 0; index < target.size; index++)
    if (row[index] === "W" && moving.every((edge) => met(edge, index))) mine[index] = 1;
}

function allOrNone(unit: readonly PlannedTarget[], letters: readonly Letters[], ready: Uint8Array[]): void {
  for (const { place, partitions, size } of unit)
    for (let index = 0; index < size; index++) {
      const together = unit.flatMap((other) => {
        const at = other.indexOf.get(partitions?.[index] ?? "");
        return at === undefined ? [] : [{ place: other.place, at }];
      });
      const waits = ({ place: other, at }: { place: number; at: number }) =>
        letters[other]?.[at] === "W" && ready[other]?.[at] !== 1;
      const mine = ready[place];
      if (mine?.[index] === 1 && together.some(waits)) mine[index] = 0;
    }
}

function runsOfGroup(
  group: readonly PlannedTarget[],
  ready: readonly Uint8Array[],
  letters: readonly Letters[],
  at: PartitionsAt,
): { run: NextRun; held: boolean }[] {
  const [first] = group;
  if (!first) return [];
  const def = first.def?.partitions ?? null;
  const byKey = new Map<string, PlannedTarget[]>();
  for (const target of group)
    for (let index = 0; index < target.size; index++) {
      if (ready[target.place]?.[index] !== 1) continue;
      const key = target.partitions?.[index] ?? "";
      const targets = byKey.get(key);
      if (targets) targets.push(target);
      else byKey.set(key, [target]);
    }
  const waits = new Set(
    group.filter(({ place }) =>
      letters[place]?.some((letter, index) => letter === "W" && ready[place]?.[index] !== 1),
    ),
  );
  return chunksOf(byKey, first.most, def, at).map((keys) => {
    const targets = byKey.get(keys[0] ?? "") ?? [];
    return {
      run: runOf(first, targets, keys),
      held: keys.length < first.most && first.most > 1 && targets.some((target) => waits.has(target)),
    };
  });
}

function runOf(
  { location, partitions, asset }: PlannedTarget,
  targets: PlannedTarget[],
  keys: string[],
): NextRun {
  const [start, end] = [keys[0] ?? "", keys.at(-1) ?? ""];
  return {
    location,
    assets: asset === null ? null : targets.flatMap((target) => (target.asset ? [target.asset] : [])),
    partition: partitions === null ? null : keys.length === 1 ? { key: start } : { start, end },
    cells: targets.flatMap(({ place, indexOf }) =>
      keys.map((key) => ({ place, index: indexOf.get(key) ?? 0 })),
    ),
  };
}

/** Keys that share a run: of the same targets, next to each other, at most `most`. */
function chunksOf(
  byKey: ReadonlyMap<string, PlannedTarget[]>,
  most: number,
  def: PartitionsDef | null,
  at: PartitionsAt,
): string[][] {
  if (def === null) return [...byKey.keys()].map((key) => [key]);
  if (most === 1) return [...byKey.keys()].sort(comparePartitionKeys(def, at)).map((key) => [key]);
  const chunks: string[][] = [];
  let before = "";
  for (const key of partitionKeys(def, at)) {
    const targets = byKey.get(key);
    const set = targets ? targets.map(({ place }) => place).join(" ") : "";
    const last = chunks.at(-1);
    if (!targets) before = "";
    else if (last && set === before && last.length < most && isRange(def, [...last, key], at)) last.push(key);
    else chunks.push([key]);
    if (targets) before = set;
  }
  return chunks;
}

/** Of one dimension, neighbours are always a range; of several, only where they make a rectangle. */
function isRange(def: PartitionsDef, keys: readonly string[], at: PartitionsAt): boolean {
  if (def.kind !== "multi") return true;
  const [start, end] = [keys[0] ?? "", keys.at(-1) ?? ""];
  const range = partitionKeysInRange(def, start, end, at);
  return range.length === keys.length;
}
