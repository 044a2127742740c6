/** Which queued runs may start now. Pure: storage calls it in the transaction that holds the queue. */
import { DEFAULT_POOL_SETTINGS, type RunPools } from "../ports/pool-storage.ts";
import type { QueueLimits } from "../ports/run-storage.ts";

export interface QueuedRun {
  runId: string;
  /** Higher first. */
  priority: number;
  /** Milliseconds since the epoch; older first among equal priorities. */
  createdAt: number;
  tags: Record<string, string>;
  pools?: RunPools | null | undefined;
}

/** Pools at this moment, for runs that have any. */
export interface PoolUse {
  /** Limits that were set. */
  limits: ReadonlyMap<string, number>;
  /**
   * Granularity `run`: runs under way that have a step in the pool. `op`: slots held and waited for, and root steps of runs
   * that have been dequeued and have not begun.
   */
  used: ReadonlyMap<string, number>;
}

/** Value of the tag `dagster/priority`: an integer, 0 when it is absent or not one. */
export function priorityOf(tags: Record<string, string>): number {
  const text = tags["dagster/priority"]?.trim() ?? "";
  return /^[-+]?\d{1,9}$/.test(text) ? Number(text) : 0;
}

/**
 * Run ids to start, in order: by priority, then age. A run that a tag limit or a pool holds back does not hold back those
 * behind it. `running` are all runs that have been dequeued and have not ended. At most `max` are chosen.
 */
export function chooseRuns(
  queued: readonly QueuedRun[],
  running: readonly { tags: Record<string, string> }[],
  limits: QueueLimits,
  max: number,
  pools: PoolUse = { limits: new Map(), used: new Map() },
): string[] {
  const free = limits.maxConcurrentRuns < 0 ? max : Math.min(max, limits.maxConcurrentRuns - running.length);
  if (free <= 0) return [];
  const used = new Map<string, number>();
  for (const run of running) {
    for (const { key } of limitsOf(run.tags, limits)) used.set(key, (used.get(key) ?? 0) + 1);
  }
  const poolsLeft = new PoolRoom(pools, limits);
  const chosen: string[] = [];
  for (const run of [...queued].sort((a, b) => b.priority - a.priority || a.createdAt - b.createdAt)) {
    if (chosen.length >= free) break;
    const applying = limitsOf(run.tags, limits);
    if (applying.some(({ key, limit }) => (used.get(key) ?? 0) >= limit)) continue;
    if (run.pools && !poolsLeft.hasRoom(run.pools)) continue;
    for (const { key } of applying) used.set(key, (used.get(key) ?? 0) + 1);
    if (run.pools) poolsLeft.take(run.pools);
    chosen.push(run.runId);
  }
  return chosen;
}

/** What a run that is started takes of its pools, so that the next one is chosen with that in mind. */
export function poolsTaken({ all, roots }: RunPools, { pools }: QueueLimits): string[] {
  return pools?.granularity === "run" ? all : roots.filter((pool) => pool !== null);
}

class PoolRoom {
  readonly #use: PoolUse;
  readonly #limits: QueueLimits;
  readonly #taken = new Map<string, number>();

  constructor(use: PoolUse, limits: QueueLimits) {
    this.#use = use;
    this.#limits = limits;
  }

  /** With granularity `op` a run waits in the queue only while none of its first steps could start. */
  hasRoom({ all, roots }: RunPools): boolean {
    const { granularity, runBuffer } = this.#limits.pools ?? DEFAULT_POOL_SETTINGS;
    if (granularity === "run") return all.every((pool) => this.#left(pool) > 0);
    return roots.length === 0 || roots.some((pool) => pool === null || this.#left(pool) + runBuffer > 0);
  }

  take(pools: RunPools): void {
    for (const pool of poolsTaken(pools, this.#limits))
      this.#taken.set(pool, (this.#taken.get(pool) ?? 0) + 1);
  }

  #left(pool: string): number {
    const { defaultLimit } = this.#limits.pools ?? DEFAULT_POOL_SETTINGS;
    const limit = this.#use.limits.get(pool) ?? defaultLimit ?? Number.POSITIVE_INFINITY;
    return limit - (this.#use.used.get(pool) ?? 0) - (this.#taken.get(pool) ?? 0);
  }
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
