import type { Clock } from "./ports/clock.ts";

/** What a loop waits on between rounds. Remembers a wake-up that comes while nobody waits. */
export class Wake {
  #woken = false;
  #notify: (() => void) | null = null;

  up(): void {
    this.#woken = true;
    this.#notify?.();
  }

  /** Resolves when woken, after `ms`, or when `signal` aborts. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#woken) {
      const early = new AbortController();
      this.#notify = () => early.abort();
      await clock.sleep(ms, AbortSignal.any([signal, early.signal]));
      this.#notify = null;
    }
    this.#woken = false;
  }
}
