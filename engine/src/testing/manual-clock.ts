import type { Clock } from "../ports/clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleeping = new Set<{ until: number; wake: () => void }>();

  /** @param now milliseconds since the epoch, or an ISO 8601 instant */
  constructor(now: number | string) {
    this.#now = typeof now === "number" ? now : Date.parse(now);
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { until: this.#now + ms, wake: () => {} };
      sleeper.wake = () => {
        this.#sleeping.delete(sleeper);
        signal?.removeEventListener("abort", sleeper.wake);
        resolve();
      };
      signal?.addEventListener("abort", sleeper.wake, { once: true });
      this.#sleeping.add(sleeper);
    });
  }

  /** Moves time on and wakes whoever slept until then. Set back, those who sleep go on for as long as they still would have. */
  advance(ms: number): void {
    this.#now += ms;
    if (ms < 0) for (const sleeper of this.#sleeping) sleeper.until += ms;
    for (const sleeper of [...this.#sleeping]) if (sleeper.until <= this.#now) sleeper.wake();
  }

  /** Moves time on to an ISO 8601 instant. */
  advanceTo(instant: string): void {
    this.advance(Date.parse(instant) - this.#now);
  }
}

/** Asks until `read` gives something other than null, undefined or false, and returns it; gives up loudly after minutes: a busy machine is no failure. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const until = Date.now() + 400_000;
  for (;;) {
    const value = await read();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > until) throw new Error(`it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
