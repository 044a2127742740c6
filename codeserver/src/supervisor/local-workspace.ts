import { InvalidInput, type LocationEntry, NotFound, type Workspace } from "@dagster-operator/engine";
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

/** The code locations of one machine. The constructor returns at once; all locations load side by side. */
export class LocalWorkspace implements Workspace {
  readonly #locations = new Map<string, SupervisedLocation | RemoteLocation>();
  readonly #handlers = new Set<(entry: LocationEntry) => void>();

  /** @throws InvalidInput two locations of one name */
  constructor(options: LocalWorkspaceOptions) {
    const changed = (entry: LocationEntry) => {
      for (const handler of this.#handlers) handler(entry);
    };
    for (const source of options.locations) {
      if (this.#locations.has(source.name)) {
        throw new InvalidInput(`two code locations are named ${source.name}: give each a name of its own`);
      }
      const location =
        "host" in source
          ? new RemoteLocation(source, { changed })
          : new SupervisedLocation(source, {
              changed,
              limits: options.limits,
              output: (stream, data) => options.onOutput?.(source.name, stream, data),
            });
      this.#locations.set(source.name, location);
    }
    for (const location of this.#locations.values()) start(location);
  }

  list(): LocationEntry[] {
    return [...this.#locations.values()].map((location) => location.entry);
  }

  get(name: string): LocationEntry | null {
    return this.#locations.get(name)?.entry ?? null;
  }

  async reload(name: string): Promise<LocationEntry> {
    const location = this.#find(name);
    await location.reload();
    return location.entry;
  }

  async shutdown(name: string): Promise<void> {
    await this.#find(name).stop("SHUTDOWN");
  }

  subscribe(handler: (entry: LocationEntry) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
    await Promise.all([...this.#locations.values()].map((location) => location.stop(null)));
  }

  #find(name: string): SupervisedLocation | RemoteLocation {
    const location = this.#locations.get(name);
    if (location) return location;
    throw new NotFound(
      "code location",
      name,
      `this workspace has: ${[...this.#locations.keys()].join(", ") || "none"}`,
    );
  }
}

function start(location: SupervisedLocation | RemoteLocation): void {
  void (location instanceof RemoteLocation ? location.follow() : location.reload());
}
