import type { LocalWorkspace } from "@dagster-operator/codeserver/supervisor";
import type { LocationEntry, Workspace } from "@dagster-operator/engine";
import type { ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { LocationSpec } from "./location.ts";
import { toSource } from "./location-source.ts";

export type RunnableSource = ReturnType<typeof toSource>;

/** What cannot be read of the files that list the locations. */
export interface ListProblem {
  /** The files, as the command line names them. */
  name: string;
  message: string;
}

/**
 * The locations that the command line lists: those that run here, and as entries in error that say why those that this version
 * cannot run, and the list itself while it is broken.
 */
export class ListedWorkspace implements Workspace {
  readonly #local: LocalWorkspace;
  #sources: RunnableSource[];
  #listed = new Map<string, LocationEntry>();
  #problem: LocationEntry | null = null;
  readonly #handlers = new Set<(entry: LocationEntry) => void>();

  constructor(
    specs: readonly LocationSpec[],
    extra: ReadonlyMap<string, ExtraDefinitions>,
    open: (sources: RunnableSource[]) => LocalWorkspace,
  ) {
    this.#sources = sourcesOf(specs, extra);
    this.#listed = listedOf(specs);
    this.#local = open(this.#sources);
    this.#local.subscribe((entry) => this.#tell(entry));
  }

  /** The code of a location that runs here. */
  source(name: string): RunnableSource | null {
    return this.#sources.find((source) => source.name === name) ?? null;
  }

  /** Takes another list in place of this one; resolves when what it changed has loaded or failed to. */
  async update(specs: readonly LocationSpec[], extra: ReadonlyMap<string, ExtraDefinitions>): Promise<void> {
    const before = this.#listed;
    this.#sources = sourcesOf(specs, extra);
    this.#listed = listedOf(specs);
    const loading = this.#local.update(this.#sources);
    for (const [name, entry] of before) if (this.get(name) === null) this.#tell(gone(entry));
    for (const [name, entry] of this.#listed)
      if (before.get(name)?.error?.message !== entry.error?.message) this.#tell(entry);
    await loading;
  }

  /** Shows what is wrong with the list; null = nothing any more. */
  report(problem: ListProblem | null): void {
    const before = this.#problem;
    this.#problem =
      problem === null
        ? null
        : inError(problem.name, { list: problem.name }, { name: LIST_PROBLEM, message: problem.message });
    const now = this.#problem ?? (before && gone(before));
    if (now) this.#tell(now);
  }

  list(): LocationEntry[] {
    return [...this.#local.list(), ...this.#others()];
  }

  get(name: string): LocationEntry | null {
    return this.#local.get(name) ?? this.#others().find((entry) => entry.name === name) ?? null;
  }

  async reload(name: string): Promise<LocationEntry> {
    return this.#others().find((entry) => entry.name === name) ?? this.#local.reload(name);
  }

  async shutdown(name: string): Promise<void> {
    if (!this.#others().some((entry) => entry.name === name)) await this.#local.shutdown(name);
  }

  subscribe(handler: (entry: LocationEntry) => void): () => void {
    const own = (entry: LocationEntry) => handler(entry);
    this.#handlers.add(own);
    return () => this.#handlers.delete(own);
  }

  async close(): Promise<void> {
    this.#handlers.clear();
    await this.#local.close();
  }

  #others(): LocationEntry[] {
    return [...this.#listed.values(), ...(this.#problem ? [this.#problem] : [])];
  }

  #tell(entry: LocationEntry): void {
    for (const handler of this.#handlers) handler(entry);
  }
}

const LIST_PROBLEM = "WorkspaceError";
/** Whether an entry stands for the list itself. */
export const isListProblem = (entry: LocationEntry): boolean => entry.error?.name === LIST_PROBLEM;

const gone = (entry: LocationEntry): LocationEntry => ({
  ...entry,
  state: "SHUTDOWN",
  updatedAt: Date.now(),
});

function sourcesOf(
  specs: readonly LocationSpec[],
  extra: ReadonlyMap<string, ExtraDefinitions>,
): RunnableSource[] {
  return specs.flatMap((spec) => (spec.kind === "typescript" ? [toSource(spec, extra.get(spec.name))] : []));
}

function listedOf(specs: readonly LocationSpec[]): Map<string, LocationEntry> {
  return new Map(
    specs.flatMap((spec) =>
      spec.kind === "unsupported"
        ? [
            [
              spec.name,
              inError(spec.name, spec.source, { name: "UnsupportedLocation", message: spec.message }),
            ] as const,
          ]
        : [],
    ),
  );
}

function inError(
  name: string,
  source: Record<string, string>,
  error: { name: string; message: string },
): LocationEntry {
  return {
    name,
    state: "ERROR",
    snapshot: null,
    error,
    updatedAt: Date.now(),
    source,
    codeVersion: null,
    code: null,
  };
}
