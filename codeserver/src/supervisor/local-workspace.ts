import { isDeepStrictEqual } from "node:util";
import { InvalidInput, type LocationEntry, type Workspace } from "@dagster-operator/engine";
import { findLocation } from "../find-location.ts";
import type { LocationSource } from "./location-source.ts";
import { RemoteLocation } from "./remote-location.ts";
import type { Limits } from "./server-process.ts";
import { SupervisedLocation } from "./supervised-location.ts";

export interface LocalWorkspaceOptions {
  locations: LocationSource[];
  /** Milliseconds until a load or a blocked event loop is given up; default 3 minutes and 1 minute, asked every 10 s. */
  limits?: Limits | undefined;
  /** What the code servers print; default: dropped (the last lines before a crash are in the entry's error). */
  onOutput?: ((location: string, stream: "out" | "err", data: Buffer) => void) | undefined;
}

type Location = SupervisedLocation | RemoteLocation;

/** The code locations of one machine. The constructor returns at once; all locations load side by side. */
export class LocalWorkspace implements Workspace {
  readonly #options: LocalWorkspaceOptions;
  readonly #sources = new Map<string, LocationSource>();
  readonly #locations = new Map<string, Location>();
  readonly #handlers = new Set<(entry: LocationEntry) => void>();

  /** @throws InvalidInput two locations of one name */
  constructor(options: LocalWorkspaceOptions) {
    this.#options = options;
    void this.update(options.locations);
  }

  /**
   * Takes these locations in place of those that are there: starts what is new, stops what is gone, and loads anew what is stated
   * differently, while its old version serves on. Resolves when what stays has loaded or failed to.
   * @throws InvalidInput two locations of one name; nothing was changed
   */
  update(sources: readonly LocationSource[]): Promise<void> {
    const names = sources.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw new InvalidInput(`two code locations are named ${twice}: give each a name of its own`);
    const before = new Map(this.#locations);
    this.#locations.clear();
    const under: Promise<unknown>[] = [];
    for (const source of sources) {
      const known = before.get(source.name);
      const same = isDeepStrictEqual(this.#sources.get(source.name), source);
      this.#sources.set(source.name, source);
      if (known && (same || (known instanceof SupervisedLocation && !("host" in source)))) {
        before.delete(source.name);
        this.#locations.set(source.name, known);
        if (!same && known instanceof SupervisedLocation && !("host" in source))
          under.push(known.follow(source));
        continue;
      }
      const location = this.#make(source);
      this.#locations.set(source.name, location);
      under.push(location instanceof RemoteLocation ? location.start() : location.reload());
    }
    for (const [name, location] of before) {
      if (!this.#locations.has(name)) {
        this.#sources.delete(name);
        this.#tell({ ...location.entry, state: "SHUTDOWN", code: null });
      }
      under.push(location.stop(null));
    }
    return Promise.all(under).then(() => undefined);
  }

  list(): LocationEntry[] {
    return [...this.#locations.values()].map((location) => location.entry);
  }

  get(name: string): LocationEntry | null {
    return this.#locations.get(name)?.entry ?? null;
  }

  async reload(name: string): Promise<LocationEntry> {
    const location = findLocation(this.#locations, name);
    await location.reload();
    return location.entry;
  }

  async shutdown(name: string): Promise<void> {
    await findLocation(this.#locations, name).stop("SHUTDOWN");
  }

  subscribe(handler: (entry: LocationEntry) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  #make(source: LocationSource): Location {
    const changed = (entry: LocationEntry) => this.#tell(entry);
    if ("host" in source) return new RemoteLocation(source, { changed });
    return new SupervisedLocation(source, {
      changed,
      limits: this.#options.limits,
      output: (stream, data) => this.#options.onOutput?.(source.name, stream, data),
    });
  }

  #tell(entry: LocationEntry): void {
    for (const handler of this.#handlers) handler(entry);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
    await Promise.all([...this.#locations.values()].map((location) => location.stop(null)));
  }
}
