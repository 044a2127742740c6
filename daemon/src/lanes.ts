import type { Clock } from "@dagster-operator/engine";

const MAX_WAIT_MS = 60_000;

/** Work by key: one at a time for each key, at most `width` at once; a key that failed waits longer and longer. */
export class Lanes {
  readonly #clock: Clock;
  readonly #width: number;
  readonly #running = new Map<string, Promise<void>>();
  readonly #faults = new Map<string, { count: number; until: number }>();
  /** Called when a lane becomes free. */
  readonly #freed: () => void;

  constructor(clock: Clock, width: number, freed: () => void) {
    this.#clock = clock;
    this.#width = width;
    this.#freed = freed;
  }

  /** True when `key` may be started now. */
  isFree(key: string): boolean {
    return (
      this.#running.size < this.#width && !this.#running.has(key) && this.retryAt(key) <= this.#clock.now()
    );
  }

  /** Until when a key that failed is left alone (ms since the epoch); 0 for one that did not. */
  retryAt(key: string): number {
    const until = this.#faults.get(key)?.until ?? 0;
    // Further away than anything waits: the clock was set back meanwhile.
    return until > this.#clock.now() + MAX_WAIT_MS ? 0 : until;
  }

  /** Starts `work`, which says whether it was `done` or must be tried `later`; a rejection is `later` too. */
  start(key: string, work: () => Promise<"done" | "later">, onFault: (error: unknown) => void): void {
    const running = work()
      .catch((error: unknown) => {
        onFault(error);
        return "later" as const;
      })
      .then((outcome) => {
        this.#running.delete(key);
        if (outcome === "done") this.#faults.delete(key);
        else this.#postpone(key);
        this.#freed();
      });
    this.#running.set(key, running);
  }

  /** What kept work from being done may be over: no key waits any more. */
  forgive(): void {
    this.#faults.clear();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #postpone(key: string): void {
    const count = (this.#faults.get(key)?.count ?? 0) + 1;
    this.#faults.set(key, {
      count,
      until: this.#clock.now() + Math.min(MAX_WAIT_MS, 1000 * 2 ** (count - 1)),
    });
  }
}
