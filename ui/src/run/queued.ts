import type { WhyQueuedResult } from "../graphql/generated/operations.ts";

/** What keeps a run in the queue, as far as it can be known: a paused queue, pools without a free slot. Sentences. */
export function heldBackBy({ instance, runOrError }: WhyQueuedResult): string[] {
  if (instance.runQueueConfig?.maxConcurrentRuns === 0)
    return ["The queue is paused: max_concurrent_runs is 0."];
  const pools = runOrError.__typename === "Run" ? (runOrError.rootConcurrencyKeys ?? []) : [];
  return instance.concurrencyLimits.flatMap(({ concurrencyKey: pool, limit, claimedSlots }) => {
    if (!pools.includes(pool) || limit === null || claimedSlots.length < limit) return [];
    return [limit === 0 ? `Pool ${pool} is paused.` : `Pool ${pool} has no free slot, of ${limit}.`];
  });
}
