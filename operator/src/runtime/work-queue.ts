/**
 * Keys to reconcile. A key is handed out to one worker at a time; added while it is worked on, it comes once more afterwards;
 * added ten times while it waits, it comes once. Failures of a key make it wait longer each time, others do not notice.
 */
export class WorkQueue {
  /** Waiting, in order. */
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  /** Added while worked on. */
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { timer: NodeJS.Timeout; due: number }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | null) => void)[] = [];
  #closed = false;

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker) {
      this.#working.add(key);
      taker(key);
    } else this.#ready.add(key);
  }

  /** Adds it in `ms`; of several, the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const due = performance.now() + ms;
    const planned = this.#later.get(key);
    if (planned && planned.due <= due) return;
    clearTimeout(planned?.timer);
    const timer = setTimeout(() => {
      this.#later.delete(key);
      this.add(key);
    }, ms);
    this.#later.set(key, { timer, due });
  }

  /** Adds it after a wait that doubles with each failure since the last `forget`: 50 ms … 60 s. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(50 * 2 ** failures, 60_000) * (0.5 + Math.random() / 2));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, or null once the queue is closed. Call `done` when it is worked off. */
  take(): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets what waits; workers get null. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#later.values()) clearTimeout(timer);
    this.#later.clear();
    this.#ready.clear();
    for (const taker of this.#takers.splice(0)) taker(null);
  }
}
