import {
  type CodeLocationRow,
  type LocationEntry,
  Unavailable,
  UserCodeError,
} from "@dagster-operator/engine";
import {
  addsSomething,
  type ErrorInfo,
  type ExtraDefinitions,
  extraHash,
} from "@dagster-operator/sdk/internal";
import { HttpCodeLocation } from "./http-code-location.ts";

/** A Service learns of a new pod a moment after the operator does, and an old pod may answer a moment longer (ms). */
const SETTLE_MS = 300;
const SETTLE_TRIES = 30;
/** So often a server that served may not answer before its location is in error. */
const AWAY_TRIES = 8;

/** Where a code server is reached that its row names. */
type Place = { host: string; port: number };
export type AddressOf = (endpoint: Place) => Place | Promise<Place>;

/** One row of the table with the definitions that its code server gives. */
export class TableLocation {
  readonly #changed: (entry: LocationEntry) => void;
  readonly #address: AddressOf;
  #entry: LocationEntry;
  #row: CodeLocationRow;
  #asking: Promise<void> | null = null;
  #again = false;
  #settling: { timer: NodeJS.Timeout | null; tries: number } = { timer: null, tries: 0 };
  #code: { at: string; code: HttpCodeLocation } | null = null;
  #closed = false;

  constructor(row: CodeLocationRow, changed: (entry: LocationEntry) => void, address: AddressOf) {
    this.#changed = changed;
    this.#address = address;
    this.#row = row;
    this.#entry = {
      name: row.name,
      state: "LOADING",
      snapshot: null,
      error: null,
      updatedAt: row.updatedAt,
      source: sourceOf(row),
      codeVersion: null,
      code: null,
    };
  }

  get entry(): LocationEntry {
    return this.#entry;
  }

  /** Brings the entry to what the row says and its code server answers; resolves when it has. Never rejects. */
  follow(row: CodeLocationRow): Promise<void> {
    if (row.updatedAt !== this.#row.updatedAt) this.#settling.tries = 0;
    this.#row = row;
    if (this.#asking) this.#again = true;
    this.#asking ??= this.#work().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Resolves when what is asked now is answered. */
  get settled(): Promise<void> {
    return this.#asking ?? Promise.resolve();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#settling.timer ?? undefined);
    this.#code?.code.close();
  }

  async #work(): Promise<void> {
    do {
      this.#again = false;
      await this.#bring(this.#row);
    } while (this.#again && !this.#closed);
  }

  async #bring(row: CodeLocationRow): Promise<void> {
    const own = {
      source: sourceOf(row),
      codeVersion: row.image ?? row.definitionsHash,
      held: row.objects?.held,
    };
    if (row.state === "PAUSED") return this.#set({ ...own, state: "SHUTDOWN", error: null, code: null });
    if (row.state === "ERROR") return this.#set({ ...own, state: "ERROR", error: row.error, code: null });
    if (row.state === "STARTING" || row.endpoint === null)
      return this.#set({ ...own, state: "LOADING", error: null, code: null });
    try {
      const code = this.#codeAt(await this.#address(row.endpoint), row.objects?.extra);
      const snapshot = await code.definitions();
      // The servers of an older version serve on; the row says why the newer one does not.
      this.#set({ ...own, state: "LOADED", snapshot, error: row.error, code });
      const { codeHash } = snapshot.extended ?? { codeHash: snapshot.hash };
      if (row.definitionsHash !== null && codeHash !== row.definitionsHash) this.#settle();
      else this.#settling.tries = 0;
    } catch (error) {
      // Pods come and go: what was known serves on for a while, and whoever asks the code itself hears that it is away.
      this.#settle();
      const away = error instanceof Unavailable && this.#settling.tries <= AWAY_TRIES;
      if (away && this.#entry.state === "LOADED") return;
      this.#set({ ...own, state: "ERROR", error: describe(error), code: null });
    }
  }

  /** The row and the server do not agree yet: looks again soon, some times. */
  #settle(): void {
    const settling = this.#settling;
    if (this.#closed || settling.timer !== null || settling.tries >= SETTLE_TRIES) return;
    settling.tries++;
    settling.timer = setTimeout(() => {
      settling.timer = null;
      void this.follow(this.#row);
    }, SETTLE_MS);
  }

  #codeAt({ host, port }: Place, objects: ExtraDefinitions | undefined): HttpCodeLocation {
    const extra = objects && addsSomething(objects) ? objects : undefined;
    const at = `${host}:${port} ${extra ? extraHash(extra) : ""}`;
    if (this.#code?.at === at) return this.#code.code;
    this.#code?.code.close();
    this.#code = { at, code: new HttpCodeLocation({ host, port }, { extra }) };
    return this.#code.code;
  }

  #set(change: Partial<LocationEntry>): void {
    if (this.#closed) return;
    const before = this.#entry;
    const after = { ...before, ...change };
    const same =
      after.state === before.state &&
      after.snapshot?.hash === before.snapshot?.hash &&
      after.code === before.code &&
      after.codeVersion === before.codeVersion &&
      JSON.stringify([after.error, after.source, after.held]) ===
        JSON.stringify([before.error, before.source, before.held]);
    if (same) return;
    this.#entry = { ...after, updatedAt: Date.now() };
    this.#changed(this.#entry);
  }
}

function sourceOf({ namespace, object, image, template }: CodeLocationRow): Record<string, string> {
  const { file, module } = template.code;
  return {
    codeLocation: `${namespace}/${object}`,
    ...(image !== null && { image }),
    ...(file !== undefined && { file }),
    ...(module !== undefined && { module }),
  };
}

function describe(error: unknown): ErrorInfo {
  if (error instanceof UserCodeError) return error.error;
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "NonError", message: String(error) };
}
