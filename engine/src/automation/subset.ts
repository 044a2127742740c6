/** Sets of partitions of one asset, as bits over the list of its keys. Values: nothing is changed in place. */

/** The partitions that an asset has now, in order; one nameless one for an asset without any. */
export class Universe {
  /** null: it has no partitions and is there or not as a whole. */
  readonly keys: readonly string[] | null;
  /** Whether ranges of keys mean the same later: of windows they do, of keys that come and go they do not. */
  readonly ordered: boolean;
  readonly size: number;
  #index: Map<string, number> | undefined;

  constructor(keys: readonly string[] | null, ordered = false) {
    this.keys = keys;
    this.ordered = ordered;
    this.size = keys === null ? 1 : keys.length;
  }

  /** Position of a key; undefined for one that is not there. The one of an asset without partitions is "". */
  indexOf(key: string): number | undefined {
    if (this.keys === null) return 0;
    this.#index ??= new Map(this.keys.map((each, index) => [each, index]));
    return this.#index.get(key);
  }

  empty(): Subset {
    return new Subset(this, new Uint32Array(words(this.size)));
  }

  full(): Subset {
    const bits = new Uint32Array(words(this.size)).fill(0xffffffff);
    const rest = this.size % 32;
    if (rest > 0) bits[bits.length - 1] = 2 ** rest - 1;
    return new Subset(this, bits);
  }

  /** Keys that are not there are left out. */
  of(keys: Iterable<string>): Subset {
    const bits = new Uint32Array(words(this.size));
    for (const key of keys) {
      const index = this.indexOf(key);
      if (index !== undefined) bits[index >> 5] = (bits[index >> 5] ?? 0) | (1 << (index & 31));
    }
    return new Subset(this, bits);
  }

  where(holds: boolean): Subset {
    return holds ? this.full() : this.empty();
  }

  /** A stored subset among what is there now. */
  restore(stored: StoredSubset): Subset {
    if (this.keys === null || typeof stored === "boolean")
      return this.where(stored === true && this.keys === null);
    if ("keys" in stored) return this.of(stored.keys);
    const bits = new Uint32Array(words(this.size));
    for (const [first, last] of stored.ranges) {
      const [from, to] = [this.indexOf(first), this.indexOf(last)];
      if (from === undefined || to === undefined) continue;
      for (let index = from; index <= to; index++)
        bits[index >> 5] = (bits[index >> 5] ?? 0) | (1 << (index & 31));
    }
    return new Subset(this, bits);
  }
}

/** A subset as JSON. */
export type StoredSubset = boolean | { keys: string[] } | { ranges: [string, string][] };

const words = (size: number) => (size + 31) >> 5;

export class Subset {
  readonly universe: Universe;
  readonly #bits: Uint32Array;
  #size: number | undefined;

  constructor(universe: Universe, bits: Uint32Array) {
    this.universe = universe;
    this.#bits = bits;
  }

  get size(): number {
    if (this.#size === undefined) {
      let size = 0;
      for (let word of this.#bits) for (; word !== 0; word &= word - 1) size += 1;
      this.#size = size;
    }
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  has(key: string): boolean {
    const index = this.universe.indexOf(key);
    return index !== undefined && ((this.#bits[index >> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** In order; [""] for an asset without partitions. */
  keys(): string[] {
    const keys: string[] = [];
    for (const [at, word] of this.#bits.entries()) {
      if (word === 0) continue;
      for (let bit = 0; bit < 32; bit++)
        if ((word & (1 << bit)) !== 0) keys.push(this.universe.keys?.[at * 32 + bit] ?? "");
    }
    return keys;
  }

  and(other: Subset): Subset {
    return this.#with(other, (a, b) => a & b);
  }
  or(other: Subset): Subset {
    return this.#with(other, (a, b) => a | b);
  }
  minus(other: Subset): Subset {
    return this.#with(other, (a, b) => a & ~b);
  }

  equals(other: Subset): boolean {
    return this.universe === other.universe && this.#bits.every((word, at) => word === other.#bits[at]);
  }

  store(): StoredSubset {
    const { universe } = this;
    if (universe.keys === null) return !this.isEmpty;
    if (!universe.ordered) return { keys: this.keys() };
    const ranges: [string, string][] = [];
    let end = -2;
    for (let index = 0; index < universe.size; index++) {
      if (((this.#bits[index >> 5] ?? 0) & (1 << (index & 31))) === 0) continue;
      const key = universe.keys[index] ?? "";
      const last = ranges.at(-1);
      if (last && index === end + 1) last[1] = key;
      else ranges.push([key, key]);
      end = index;
    }
    return { ranges };
  }

  #with(other: Subset, combine: (a: number, b: number) => number): Subset {
    if (this.universe !== other.universe)
      throw new Error("subsets of two assets were put together without a mapping");
    return new Subset(
      this.universe,
      this.#bits.map((word, at) => combine(word, other.#bits[at] ?? 0)),
    );
  }
}
