import { type LocationEntry, systemClock, UserCodeError } from "@dagster-operator/engine";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import { HttpCodeLocation } from "../client/http-code-location.ts";
import { type LocationSource, loadingEntry } from "./location-source.ts";

const INTERVAL_MS = 5_000;

/** A code server that somebody else runs: asked every five seconds whether its definitions are the same. */
export class RemoteLocation {
  readonly #code: HttpCodeLocation;
  readonly #changed: (entry: LocationEntry) => void;
  readonly #stop = new AbortController();
  #entry: LocationEntry;

  constructor(
    source: Extract<LocationSource, { host: string }>,
    options: { changed: (entry: LocationEntry) => void },
  ) {
    this.#code = new HttpCodeLocation(source);
    this.#changed = options.changed;
    this.#entry = loadingEntry(source);
  }

  get entry(): LocationEntry {
    return this.#entry;
  }

  /** Asks until `stop`; resolves after the first answer. */
  async start(): Promise<void> {
    await this.reload();
    void this.#follow();
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await systemClock.sleep(INTERVAL_MS, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.reload();
    }
  }

  async reload(): Promise<void> {
    try {
      const snapshot = await this.#code.definitions();
      if (this.#entry.state === "LOADED" && this.#entry.snapshot?.hash === snapshot.hash) return;
      this.#set({ state: "LOADED", snapshot, error: null, codeVersion: snapshot.hash, code: this.#code });
    } catch (error) {
      const info = describe(error);
      if (this.#entry.state === "ERROR" && this.#entry.error?.message === info.message) return;
      this.#set({ state: "ERROR", error: info, code: error instanceof UserCodeError ? this.#code : null });
    }
  }

  /** Stops asking; the server itself belongs to somebody else and goes on. */
  async stop(state: "SHUTDOWN" | null): Promise<void> {
    this.#stop.abort();
    this.#code.close();
    if (state !== null) this.#set({ state, code: null });
  }

  #set(change: Partial<LocationEntry>): void {
    if (this.#stop.signal.aborted && change.state !== "SHUTDOWN") return;
    this.#entry = { ...this.#entry, ...change, updatedAt: Date.now() };
    this.#changed(this.#entry);
  }
}

function describe(error: unknown): ErrorInfo {
  if (error instanceof UserCodeError) return error.error;
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "NonError", message: String(error) };
}
