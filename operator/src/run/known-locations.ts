import type { CodeLocationRow, Storage } from "@dagster-operator/engine";

/**
 * Rows of code locations, and the last one of a location that was deleted since: what is under way then goes on to its end, with
 * further pods as it needs them. As long as this process leads.
 */
export class KnownLocations {
  readonly #storage: Storage;
  readonly #last = new Map<string, CodeLocationRow>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Null where there is none now. */
  async now(name: string): Promise<CodeLocationRow | null> {
    const row = await this.#storage.locations.get(name);
    if (row) this.#last.set(name, row);
    return row;
  }

  /** Null where there is none, and none was known. */
  async last(name: string): Promise<CodeLocationRow | null> {
    return (await this.now(name)) ?? this.#last.get(name) ?? null;
  }
}
