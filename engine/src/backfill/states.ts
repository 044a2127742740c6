/** Reading and writing the letters that say how far each partition of a backfill is. */
import type { BackfillCounts, BackfillTarget, PartitionLetter } from "../ports/backfill-storage.ts";

const COUNTED: Record<PartitionLetter, keyof BackfillCounts> = {
  W: "waiting",
  R: "requested",
  D: "done",
  F: "failed",
  S: "skipped",
  C: "canceled",
};

/** How many partitions are how far, over all of these texts. */
export function countStates(states: readonly string[]): BackfillCounts {
  const counts: BackfillCounts = { waiting: 0, requested: 0, done: 0, failed: 0, skipped: 0, canceled: 0 };
  for (const text of states) for (const letter of text) counts[COUNTED[letter as PartitionLetter]]++;
  return counts;
}

/** Every partition waits. */
export const waitingStates = (targets: readonly BackfillTarget[]): string[] =>
  targets.map(({ partitions }) => "W".repeat(partitions?.length ?? 1));

/** Dagster's number of partitions of a backfill: null where its targets have different ones. */
export function partitionsOfEach(targets: readonly BackfillTarget[]): number | null {
  const numbers = new Set(targets.flatMap(({ partitions }) => partitions?.length ?? []));
  return numbers.size > 1 ? null : ([...numbers][0] ?? 0);
}
