/** Which queued runs may start now. Pure: storage calls it in the transaction that holds the queue. */
import type { QueueLimits } from "../ports/run-storage.ts";

export interface QueuedRun {
  runId: string;
  /** Higher first. */
  priority: number;
  /** Milliseconds since the epoch; older first among equal priorities. */
  createdAt: number;
  tags: Record<string, string>;
}

/** Value of the tag `dagster/priority`: an integer, 0 when it is absent or not one. */
export function priorityOf(tags: Record<string, string>): number {
  const text = tags["dagster/priority"]?.trim() ?? "";
  return /^[-+]?\d{1,9}$/.test(text) ? Number(text) : 0;
}

/**
 * Run ids to start, in order: by priority, then age. A run that a tag limit holds back does not hold back those behind it.
 * `running` are all runs that have been dequeued and have not ended. At most `max` are chosen.
 */
export function chooseRuns(
  queued: readonly QueuedRun[],
  running: readonly { tags: Record<string, string> }[],
  limits: QueueLimits,
  max: number,
): string[] {
  const free = limits.maxConcurrentRuns < 0 ? max : Math.min(max, limits.maxConcurrentRuns - running.length);
  if (free <= 0) return [];
  const used = new Map<string, number>();
  for (const run of running) {
    for (const { key } of limitsOf(run.tags, limits)) used.set(key, (used.get(key) ?? 0) + 1);
  }
  const chosen: string[] = [];
  for (const run of [...queued].sort((a, b) => b.priority - a.priority || a.createdAt - b.createdAt)) {
    if (chosen.length >= free) break;
    const applying = limitsOf(run.tags, limits);
    if (applying.some(({ key, limit }) => (used.get(key) ?? 0) >= limit)) continue;
    for (const { key } of applying) used.set(key, (used.get(key) ?? 0) + 1);
    chosen.push(run.runId);
  }
  return chosen;
}

/** The tag limits that count a run with these tags; `key` names the counter that it shares with others. */
function limitsOf(
  tags: Record<string, string>,
  { tagLimits }: QueueLimits,
): { key: string; limit: number }[] {
  const found: { key: string; limit: number }[] = [];
  for (const [index, tagLimit] of tagLimits.entries()) {
    const value = tags[tagLimit.key];
    if (value === undefined || (tagLimit.value !== undefined && tagLimit.value !== value)) continue;
    found.push({ key: tagLimit.perUniqueValue ? `${index}=${value}` : `${index}`, limit: tagLimit.limit });
  }
  return found;
}
