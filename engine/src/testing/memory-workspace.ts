import type { Definitions } from "@dagster-operator/sdk/internal";
import { NotFound } from "../errors.ts";
import type { LocationEntry, Workspace } from "../ports/workspace.ts";
import { inProcessCode, snapshotOf } from "./in-process-code.ts";

/** A workspace that a test fills by hand: `set` a location, then let it come and go by `change`. */
export class MemoryWorkspace implements Workspace {
  readonly #entries = new Map<string, LocationEntry>();
  readonly #handlers = new Set<(entry: LocationEntry) => void>();

  /** Serves these definitions as LOADED. */
  set(name: string, definitions: Definitions): void {
    const snapshot = snapshotOf(definitions);
    this.#put({
      name,
      state: "LOADED",
      snapshot,
      error: null,
      updatedAt: 0,
      source: {},
      codeVersion: snapshot.hash,
      code: inProcessCode(definitions),
    });
  }

  /** @throws NotFound */
  change(name: string, change: Partial<Omit<LocationEntry, "name">>): LocationEntry {
    const entry = { ...this.#known(name), ...change };
    this.#put(entry);
    return entry;
  }

  list(): LocationEntry[] {
    return [...this.#entries.values()];
  }

  get(name: string): LocationEntry | null {
    return this.#entries.get(name) ?? null;
  }

  async reload(name: string): Promise<LocationEntry> {
    return this.change(name, { state: "LOADED" });
  }

  async shutdown(name: string): Promise<void> {
    this.change(name, { state: "SHUTDOWN", code: null });
  }

  subscribe(handler: (entry: LocationEntry) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
  }

  #known(name: string): LocationEntry {
    const entry = this.#entries.get(name);
    if (!entry) throw new NotFound("code location", name);
    return entry;
  }

  #put(entry: LocationEntry): void {
    this.#entries.set(entry.name, entry);
    for (const handler of this.#handlers) handler(entry);
  }
}
