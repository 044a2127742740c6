/** Gathers the keys that resolvers ask for in one turn of the event loop into one call. A value is kept for the request. */
export class Batch<K, V> {
  readonly #load: (keys: K[]) => Promise<Map<K, V>>;
  readonly #missing: V;
  readonly #known = new Map<K, Promise<V>>();
  #waiting: { key: K; resolve: (value: V) => void; reject: (error: unknown) => void }[] = [];

  /** `missing` is the answer for a key that `load` leaves out. */
  constructor(load: (keys: K[]) => Promise<Map<K, V>>, missing: V) {
    this.#load = load;
    this.#missing = missing;
  }

  get(key: K): Promise<V> {
    const known = this.#known.get(key);
    if (known) return known;
    const promise = new Promise<V>((resolve, reject) => {
      // Promise jobs of this turn run first, so that fields behind other loaders still join the batch.
      if (this.#waiting.length === 0) setImmediate(() => void this.#flush());
      this.#waiting.push({ key, resolve, reject });
    });
    this.#known.set(key, promise);
    return promise;
  }

  /** Puts a value in that another query has read anyway. */
  prime(key: K, value: V): void {
    if (!this.#known.has(key)) this.#known.set(key, Promise.resolve(value));
  }

  /** Forgets a value that a mutation has changed. */
  clear(key: K): void {
    this.#known.delete(key);
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const found = await this.#load(waiting.map((w) => w.key));
      for (const { key, resolve } of waiting) resolve(found.has(key) ? (found.get(key) as V) : this.#missing);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
