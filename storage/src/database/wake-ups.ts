import type { Channel } from "@dagster-operator/engine";
import type { Database } from "./database.ts";

type Handler = (id: string) => void;
const CHANNELS: readonly Channel[] = [
  "queue",
  "compute",
  "run",
  "asset",
  "tick",
  "location",
  "backfill",
  "pool",
];

/** NOTIFY payloads `<channel>:<id>` to handlers: each id at most once per turn of the event loop. Listens from the first subscriber on. */
export class WakeUps {
  readonly #database: Database;
  readonly #handlers = new Map<Channel, Set<Handler>>();
  readonly #pending = new Set<string>();
  #listening = false;
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  subscribe(channel: Channel, handler: Handler): () => void {
    // A wrapper of its own, so that one function may subscribe twice.
    const own: Handler = (id) => handler(id);
    const handlers = this.#handlers.get(channel) ?? new Set();
    this.#handlers.set(channel, handlers.add(own));
    if (!this.#listening) {
      this.#listening = true;
      this.#database.listen(
        (payload) => this.#receive(payload),
        () => {
          for (const each of CHANNELS) this.#receive(`${each}:`);
        },
      );
    }
    return () => handlers.delete(own);
  }

  close(): void {
    this.#closed = true;
    this.#handlers.clear();
  }

  #receive(payload: string): void {
    if (this.#pending.size === 0) setImmediate(() => this.#deliver());
    this.#pending.add(payload);
  }

  #deliver(): void {
    const payloads = [...this.#pending];
    this.#pending.clear();
    if (this.#closed) return;
    for (const payload of payloads) {
      const colon = payload.indexOf(":");
      const handlers = this.#handlers.get(payload.slice(0, colon) as Channel);
      for (const handler of handlers ?? []) handler(payload.slice(colon + 1));
    }
  }
}
