/** Concurrency pools in the step loop: a step that has one starts when it holds a slot of it. */
import type { Unit } from "./step-graph.ts";
import { Heap } from "./step-order.ts";

/** Where slots come from: in a run worker the run API. */
export interface PoolSlots {
  /**
   * Resolves when the step holds its slot, or soon after `signal` aborts. `waits` is called once if there is none at once. The slot
   * goes with the step's end or retry event. Asked again for a retry, when the event of the try before may still be on its way.
   * Rejects when nobody can say: that ends the run's worker.
   */
  take(
    step: { stepKey: string; pool: string; priority: number; attempt: number },
    waits: () => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** However many steps could start, only the first of them wait for slots: whoever asks often asks for few. */
const MAX_ASKING = 100;

export interface PoolGateOptions {
  slots: PoolSlots | undefined;
  maxConcurrent: number;
  priority: (unit: Unit) => number;
  attempt: (unit: Unit) => number;
  before: (a: Unit, b: Unit) => boolean;
  signal: AbortSignal;
  /** There is none at once. */
  waits: (unit: Unit, pool: string) => void;
  /** `unit` holds its slot, or `next` may ask for one: they pass again. */
  ready: (units: Unit[]) => void;
  broken: (error: unknown) => void;
}

export class PoolGate {
  readonly #options: PoolGateOptions;
  readonly #holders = new Set<Unit>();
  readonly #asking = new Map<string, number>();
  readonly #backlog = new Map<string, Heap<Unit>>();
  /** Questions that are not answered yet. */
  waiting = 0;

  constructor(options: PoolGateOptions) {
    this.#options = options;
  }

  /** True: it may start now. False: it comes back through `ready`. */
  passes(unit: Unit): boolean {
    const { slots, maxConcurrent } = this.#options;
    const { pool } = unit.group.step;
    if (!slots || pool === undefined || this.#holders.delete(unit)) return true;
    const asking = this.#asking.get(pool) ?? 0;
    if (asking >= Math.min(maxConcurrent, MAX_ASKING)) {
      const backlog = this.#backlog.get(pool) ?? new Heap<Unit>(this.#options.before);
      backlog.push(unit);
      this.#backlog.set(pool, backlog);
      return false;
    }
    this.#asking.set(pool, asking + 1);
    this.waiting++;
    this.#ask(slots, unit, pool);
    return false;
  }

  #ask(slots: PoolSlots, unit: Unit, pool: string): void {
    const { priority, attempt, signal, waits, ready, broken } = this.#options;
    const answered = () => {
      this.waiting--;
      this.#asking.set(pool, (this.#asking.get(pool) ?? 1) - 1);
    };
    slots
      .take(
        { stepKey: unit.key, pool, priority: priority(unit), attempt: attempt(unit) + 1 },
        () => waits(unit, pool),
        signal,
      )
      .then(
        () => {
          answered();
          this.#holders.add(unit);
          const next = this.#backlog.get(pool)?.pop();
          ready(next ? [unit, next] : [unit]);
        },
        (error: unknown) => {
          answered();
          broken(error);
        },
      );
  }
}
