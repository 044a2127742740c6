import { type Clock, Wake } from "@dagster-operator/engine";
import type { Logger } from "pino";

/** How a loop is doing, for the page and for probes. Times in milliseconds since the epoch. */
export interface LoopHealth {
  name: string;
  /** End of the last iteration that went well, null before the first. */
  lastIterationAt: number | null;
  /** The newest fault, null when the last iteration went well. */
  error: { message: string; at: number } | null;
  /** When the next iteration is due at the latest; null before the first has ended. */
  dueAt: number | null;
}

export interface LoopOptions {
  name: string;
  clock: Clock;
  log: Logger;
  /** One round; returns after how many milliseconds the next one is due if nothing wakes it. */
  iterate: () => Promise<number>;
  onFault: () => void;
}

const MAX_BACKOFF_MS = 60_000;

/** Iterates until it is aborted. A fault is logged and tried again, later and later; it never ends the loop. */
export class Loop {
  readonly #o: LoopOptions;
  readonly #wake = new Wake();
  #lastIterationAt: number | null = null;
  #error: LoopHealth["error"] = null;
  #dueAt: number | null = null;

  constructor(options: LoopOptions) {
    this.#o = options;
  }

  wake(): void {
    this.#wake.up();
  }

  health(): LoopHealth {
    return {
      name: this.#o.name,
      lastIterationAt: this.#lastIterationAt,
      error: this.#error,
      dueAt: this.#dueAt,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { name, clock, log, iterate, onFault } = this.#o;
    let faults = 0;
    while (!signal.aborted) {
      try {
        const delay = await iterate();
        faults = 0;
        this.#lastIterationAt = clock.now();
        this.#error = null;
        this.#dueAt = this.#lastIterationAt + delay;
        await this.#wake.wait(clock, delay, signal);
      } catch (error) {
        const delay = Math.min(MAX_BACKOFF_MS, 500 * 2 ** faults++);
        this.#error = { message: error instanceof Error ? error.message : String(error), at: clock.now() };
        this.#dueAt = this.#error.at + delay;
        onFault();
        log.error({ err: error, loop: name, retryInMs: delay }, `the ${name} loop failed and tries again`);
        await clock.sleep(delay, signal);
      }
    }
  }
}
