import type { CodeLocation, LocationEntry } from "@dagster-operator/engine";
import type { DefinitionsSnapshot, ErrorInfo } from "@dagster-operator/sdk/internal";
import { HttpCodeLocation } from "../client/http-code-location.ts";
import type { WatchSet } from "../loader/resolve.ts";
import { describeSource, loadingEntry, type ProcessSource } from "./location-source.ts";
import { type Limits, type Output, ServerProcess } from "./server-process.ts";
import { type FileWatch, watchFiles } from "./watch-files.ts";

const STOP_MS = 2_000;
/** Who took a server from the entry before another took its place may be about to ask it (ms). */
const LINGER_MS = 1_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** A server that lived this long starts again at the first backoff (ms). */
const STEADY_MS = 60_000;

interface Serving {
  process: ServerProcess;
  code: HttpCodeLocation;
  since: number;
}

/**
 * One location: keeps a code server running, and puts a fresh one in its place when a file changes. The old one serves on
 * until the new one has loaded; when the new one does not load, the old snapshot stays and the state says ERROR.
 */
export class SupervisedLocation {
  #source: ProcessSource;
  readonly #changed: (entry: LocationEntry) => void;
  readonly #output: Output;
  readonly #limits: Limits | undefined;
  #entry: LocationEntry;
  #serving: Serving | null = null;
  /** Servers whose place another has taken. */
  readonly #replaced = new Map<Serving, NodeJS.Timeout>();
  /** The process whose load is waited for. */
  #loading: ServerProcess | null = null;
  #watch: FileWatch | null = null;
  #restart: NodeJS.Timeout | null = null;
  #backoffMs = FIRST_BACKOFF_MS;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    source: ProcessSource,
    options: { changed: (entry: LocationEntry) => void; output: Output; limits?: Limits | undefined },
  ) {
    this.#source = source;
    this.#changed = options.changed;
    this.#output = options.output;
    this.#limits = options.limits;
    this.#entry = loadingEntry(source);
  }

  get entry(): LocationEntry {
    return this.#entry;
  }

  /** Starts a fresh server and swaps it in. Resolves when that ended, well or not. Calls queue up. */
  reload(): Promise<void> {
    this.#stopped = false;
    const turn = this.#turn.then(() => this.#load());
    this.#turn = turn.catch((error: unknown) => this.#failed(bug(error)));
    return this.#turn;
  }

  /** Loads from another source of the same name; what was loaded serves on until that has. */
  follow(source: ProcessSource): Promise<void> {
    this.#source = source;
    this.#entry = { ...this.#entry, source: describeSource(source) };
    return this.reload();
  }

  /** Stops its server; `state` is the entry's state from here on. */
  async stop(state: "SHUTDOWN" | null): Promise<void> {
    this.#stopped = true;
    this.#unwatch();
    const processes = [this.#loading, this.#serving?.process].filter((process) => process != null);
    this.#serving?.code.close();
    this.#serving = null;
    if (state !== null) this.#set({ state, code: null });
    const ends = [...this.#replaced.keys()].map((old) => this.#end(old));
    await Promise.all([...processes.map((process) => process.stop(STOP_MS)), ...ends]);
    await this.#turn;
  }

  async #load(): Promise<void> {
    if (this.#stopped) return;
    this.#unwatch();
    if (this.#entry.state === "SHUTDOWN" || this.#entry.state === "ERROR") this.#set({ state: "LOADING" });
    const process = new ServerProcess(this.#source, this.#output, this.#limits);
    this.#loading = process;
    const ready = await process.ready;
    if (this.#stopped) return;
    if (ready === null) {
      this.#loading = null;
      this.#failed({
        name: "CodeServerExited",
        message: `the code server of ${this.#source.name} ${await process.exited}`,
      });
      this.#watchFor({ files: [], missing: [] });
      this.#startLater();
      return;
    }
    const code = new HttpCodeLocation(ready.address);
    let snapshot: DefinitionsSnapshot | null = null;
    try {
      if (ready.error === null) snapshot = await code.definitions();
    } catch (error) {
      // It has loaded, and was too busy or died before it could say what: the next one may.
      code.close();
      await process.stop(STOP_MS);
      this.#loading = null;
      if (this.#stopped) return;
      this.#failed(bug(error));
      this.#watchFor(ready.watch);
      this.#startLater();
      return;
    }
    this.#loading = null;
    if (this.#stopped) {
      // Stopped while it was asked: nobody else knows of this server any more.
      code.close();
      await process.stop(STOP_MS);
      return;
    }
    if (snapshot === null && this.#entry.snapshot !== null && this.#serving !== null) {
      // The old version serves on: what it knows is better than nothing.
      code.close();
      await process.stop(STOP_MS);
      this.#failed(ready.error);
    } else {
      this.#swap({ process, code, since: Date.now() }, snapshot, ready.error);
    }
    this.#watchFor(ready.watch);
  }

  #swap(next: Serving, snapshot: DefinitionsSnapshot | null, error: ErrorInfo | null): void {
    const old = this.#serving;
    this.#serving = next;
    void next.process.exited.then((how) => this.#died(next, how));
    const kept = snapshot ?? this.#entry.snapshot;
    const code: CodeLocation = next.code;
    this.#set({
      state: error === null ? "LOADED" : "ERROR",
      snapshot: kept,
      codeVersion: kept?.hash ?? null,
      error,
      code,
    });
    if (old !== null)
      this.#replaced.set(
        old,
        setTimeout(() => void this.#end(old), LINGER_MS),
      );
  }

  async #end(old: Serving): Promise<void> {
    clearTimeout(this.#replaced.get(old));
    await old.process.stop(STOP_MS);
    old.code.close();
    this.#replaced.delete(old);
  }

  #died(gone: Serving, how: string): void {
    if (this.#serving !== gone) return;
    this.#serving = null;
    gone.code.close();
    if (this.#stopped) return;
    if (Date.now() - gone.since > STEADY_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    this.#set({ code: null });
    this.#failed({ name: "CodeServerExited", message: `the code server of ${this.#source.name} ${how}` });
    this.#startLater();
  }

  #startLater(): void {
    if (this.#restart !== null || this.#stopped) return;
    this.#restart = setTimeout(() => {
      this.#restart = null;
      void this.reload();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
  }

  #watchFor(set: WatchSet): void {
    if (this.#stopped) return;
    const broken = this.#entry.state === "ERROR";
    this.#watch = watchFiles(set, this.#source.workingDirectory, broken, () => {
      this.#backoffMs = FIRST_BACKOFF_MS;
      void this.reload();
    });
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = null;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
  }

  #failed(error: ErrorInfo | null): void {
    this.#set({ state: "ERROR", error });
  }

  #set(change: Partial<LocationEntry>): void {
    this.#entry = { ...this.#entry, ...change, updatedAt: Date.now() };
    this.#changed(this.#entry);
  }
}

function bug(error: unknown): ErrorInfo {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack }
    : { name: "NonError", message: String(error) };
}
