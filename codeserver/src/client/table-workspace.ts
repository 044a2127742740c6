import {
  type CodeLocationRow,
  type LocationEntry,
  type Storage,
  systemClock,
  type Workspace,
} from "@dagster-operator/engine";
import { findLocation } from "../find-location.ts";
import { type AddressOf, TableLocation } from "./table-location.ts";

export interface TableWorkspaceOptions {
  storage: Pick<Storage, "locations" | "subscribe">;
  /** How often rows and code servers are looked at without being woken (ms, default 5,000). */
  intervalMs?: number | undefined;
  /** For who cannot resolve the names of Services; default: as the row says. */
  address?: AddressOf | undefined;
  /** The table cannot be read; it is tried again at the next look. */
  onFault?: ((error: unknown) => void) | undefined;
}

/**
 * The code locations of a cluster: rows that the operator writes, and definitions that each row's code server is asked for.
 * A change is seen at once by NOTIFY, and within `intervalMs` without. While the database is away the last known serve on.
 */
export class TableWorkspace implements Workspace {
  readonly #options: TableWorkspaceOptions;
  readonly #locations = new Map<string, TableLocation>();
  readonly #address: AddressOf;
  readonly #handlers = new Set<(entry: LocationEntry) => void>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #first = Promise.withResolvers<void>();
  #looking: Promise<void> = Promise.resolve();
  /** A look that has not begun yet: those who ask meanwhile share it. */
  #next: Promise<void> | null = null;

  constructor(options: TableWorkspaceOptions) {
    this.#options = options;
    this.#address = options.address ?? ((endpoint) => endpoint);
    this.#unsubscribe = options.storage.subscribe("location", () => void this.#look());
    void this.#look();
    void this.#follow();
  }

  /** Resolves when the rows were read once, and each code server was asked once; what is not in `list` then is not there. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  list(): LocationEntry[] {
    return [...this.#locations.values()].map(({ entry }) => entry);
  }

  get(name: string): LocationEntry | null {
    return this.#locations.get(name)?.entry ?? null;
  }

  /** Looks at its row and asks its code server again. New code comes with a new image, so no server is started anew. */
  async reload(name: string): Promise<LocationEntry> {
    await this.#look();
    const location = findLocation(this.#locations, name);
    await location.settled;
    return location.entry;
  }

  /** @throws NotFound · Error a cluster's code servers belong to their CodeLocation: `spec.paused` stops them */
  async shutdown(name: string): Promise<void> {
    findLocation(this.#locations, name);
    throw new Error(`code location ${name} belongs to a CodeLocation object: set its spec.paused to stop it`);
  }

  subscribe(handler: (entry: LocationEntry) => void): () => void {
    const own = (entry: LocationEntry) => handler(entry);
    this.#handlers.add(own);
    return () => this.#handlers.delete(own);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    this.#handlers.clear();
    await this.#looking;
    for (const location of this.#locations.values()) location.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await systemClock.sleep(this.#options.intervalMs ?? 5_000, signal);
      if (!signal.aborted) await this.#look();
    }
  }

  /** One look at a time; whoever asks while one is on gets one that begins after it. Never rejects. */
  #look(): Promise<void> {
    this.#next ??= this.#looking.then(async () => {
      this.#next = null;
      if (this.#stop.signal.aborted) return;
      try {
        this.#read(await this.#options.storage.locations.list());
      } catch (error) {
        this.#options.onFault?.(error);
      }
    });
    this.#looking = this.#next;
    return this.#next;
  }

  /** Code servers are asked side by side and not waited for: one that hangs must not hide the others. */
  #read(rows: CodeLocationRow[]): void {
    const names = new Set(rows.map(({ name }) => name));
    for (const [name, location] of this.#locations) {
      if (names.has(name)) continue;
      this.#locations.delete(name);
      location.close();
      this.#tell({ ...location.entry, state: "SHUTDOWN", code: null });
    }
    void Promise.all(
      rows.map((row) => {
        const location =
          this.#locations.get(row.name) ??
          new TableLocation(row, (entry) => this.#tell(entry), this.#address);
        this.#locations.set(row.name, location);
        return location.follow(row);
      }),
    ).then(() => this.#first.resolve());
  }

  #tell(entry: LocationEntry): void {
    for (const handler of this.#handlers) handler(entry);
  }
}
