/** Concurrency pools: how many steps (or runs) of one pool may be under way at once, over all runs. */

/** `concurrency.pools` of `dagster.yaml`. */
export interface PoolSettings {
  /** Slots of a pool whose limit nobody set; null = no limit. */
  defaultLimit: number | null;
  /** `op`: each step of the pool takes a slot. `run`: each run that has such a step takes one, and the queue decides. */
  granularity: "op" | "run";
  /** With `op`: how many runs may start beyond the free slots, to wait for theirs in their worker instead of in the queue. */
  runBuffer: number;
}

export const DEFAULT_POOL_SETTINGS: PoolSettings = { defaultLimit: null, granularity: "op", runBuffer: 0 };

/** Pools of a run's plan. */
export interface RunPools {
  /** Every pool that a step of it is in, once. */
  all: string[];
  /** For each step that waits for no other, its pool; null = it has none. Each once. */
  roots: (string | null)[];
}

export interface SlotRequest {
  stepKey: string;
  pool: string;
  /** Higher first; equal ones in the order of asking. */
  priority: number;
}

/** A slot that a step holds or waits for; with granularity `run` that of a run, its `stepKey` empty. Times in ms since the epoch. */
export interface PoolSlot {
  runId: string;
  stepKey: string;
  priority: number;
  askedAt: number;
  /** null = it waits. */
  heldAt: number | null;
}

export interface PoolState {
  pool: string;
  /** null = no limit. */
  limit: number | null;
  /** The limit is the default one: nobody set one for this pool. */
  usesDefault: boolean;
  /** Holders in the order in which they got their slot, then those who wait in the order in which they will. */
  slots: PoolSlot[];
}

export interface PoolStorage {
  /** Limits that were set, by pool. */
  limits(): Promise<Map<string, number>>;
  /** `limit` ≥ 0; 0 pauses the pool: who holds a slot keeps it. Wakes channels `pool` and `queue`. */
  setLimit(pool: string, limit: number): Promise<void>;
  /** The default limit counts again. False = there was none. Wakes as `setLimit`. */
  deleteLimit(pool: string): Promise<boolean>;
  /**
   * Notes that steps of this run's attempt want slots, gives out what is free in their pools, and returns the step keys that
   * hold theirs. Asking again changes nothing. A slot goes when its step's end or retry is stored, when the run ends or is
   * deleted, and when a newer attempt of the run is launched. With granularity `run` every step has its slot at once.
   * @throws NotFound · Conflict the run has ended, or a newer attempt has taken over
   */
  ask(
    run: { runId: string; attempt: number },
    slots: readonly SlotRequest[],
    settings: PoolSettings,
  ): Promise<string[]>;
  /** Gives out what is free in this pool, by priority, then age. Wakes channel `run` for each run that got a slot. */
  grant(pool: string, settings: PoolSettings): Promise<void>;
  /** Takes slots away from a run (all of it, or one step), for a person who knows that they are not used. Number of slots. */
  free(runId: string, stepKey?: string | undefined): Promise<number>;
  /** All pools that have a limit, a holder or somebody who waits; `known` are named too. By name. */
  list(settings: PoolSettings, known?: readonly string[]): Promise<PoolState[]>;
}
