/** How far each partition is, from what was stored and from the runs that are there. */

import type { BackfillRun, PartitionLetter } from "../ports/backfill-storage.ts";
import { isEnded } from "../run-state/status.ts";
import { assetId } from "./asset-graph.ts";
import type { BackfillPlan, PlannedTarget } from "./plan.ts";

/** Letters of one target, to be changed in place. */
export type Letters = PartitionLetter[];

const BAD: ReadonlySet<PartitionLetter> = new Set(["F", "S", "C"]);

/**
 * Pure. What was made once stays made; otherwise the newest run counts, so that a run that is executed again after it failed
 * takes its partitions along. A partition whose run was deleted before it ended is failed.
 */
export function foldRuns(
  plan: BackfillPlan,
  states: readonly string[],
  runs: readonly BackfillRun[],
): Letters[] {
  const letters = states.map((text) => [...text] as Letters);
  const seen = letters.map((row) => new Uint8Array(row.length));
  const places = new Map(plan.targets.map((target) => [target.asset ? assetId(target.asset) : "", target]));
  for (const run of runs) {
    const exceptions = new Set(
      run.exceptions.map(({ asset, partition }) => `${assetId(asset)} ${partition}`),
    );
    // A run of a job makes the job's partition, whatever assets it is of.
    for (const id of places.has("") ? [""] : (run.assets ?? []).map(assetId)) {
      const target = places.get(id);
      if (!target) continue;
      const row = letters[target.place] ?? [];
      for (const index of coveredBy(run, target)) {
        const marks = seen[target.place];
        if (marks) marks[index] = 1;
        if (row[index] === "D") continue;
        const excepted = id !== "" && exceptions.has(`${id} ${target.partitions?.[index] ?? ""}`);
        row[index] = letterOf(run, excepted);
      }
    }
  }
  for (const [place, row] of letters.entries())
    for (const [index, letter] of row.entries())
      if (letter === "R" && seen[place]?.[index] === 0) row[index] = "F";
  block(plan, letters, seen);
  return letters;
}

function letterOf({ status, willRetry }: BackfillRun, excepted: boolean): PartitionLetter {
  if (!isEnded(status)) return "R";
  if (status === "SUCCESS") return excepted ? "S" : "D";
  if (excepted) return "D";
  if (willRetry) return "R";
  return status === "CANCELED" ? "C" : "F";
}

/** Indexes of a target that a run is to make. */
function coveredBy({ partition }: BackfillRun, target: PlannedTarget): number[] {
  if (target.partitions === null) return [0];
  if (partition === null) return [];
  if ("key" in partition) {
    const index = target.indexOf.get(partition.key);
    return index === undefined ? [] : [index];
  }
  const [from, to] = [target.indexOf.get(partition.start), target.indexOf.get(partition.end)];
  if (from === undefined || to === undefined || to < from) return [];
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

/** Waiting partitions that can never be requested, because something they need will not be made: skipped. Others wait again. */
function block({ order }: BackfillPlan, letters: Letters[], seen: Uint8Array[]): void {
  for (const { place, edges, size } of order) {
    const row = letters[place] ?? [];
    const bad = (edge: (typeof edges)[number], index: number) =>
      edge.needs(index).some((at) => BAD.has(letters[edge.upstream]?.[at] ?? "D"));
    const fixedBad = edges.some((edge) => edge.fixed && bad(edge, 0));
    const moving = edges.filter((edge) => !edge.fixed);
    for (let index = 0; index < size; index++) {
      const letter = row[index];
      if (letter !== "W" && (letter !== "S" || seen[place]?.[index] === 1)) continue;
      row[index] = fixedBad || moving.some((edge) => bad(edge, index)) ? "S" : "W";
    }
  }
}
