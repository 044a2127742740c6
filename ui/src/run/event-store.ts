import type { RunEventParts } from "../graphql/generated/operations.ts";

/** All events of a run in order, appended in batches; readers are told at most once a frame. */
export class EventStore {
  readonly events: RunEventParts[] = [];
  /** Grows with each batch. */
  version = 0;
  /** Whether all past events have arrived. */
  caughtUp = false;
  ended = false;
  problem: string | null = null;
  readonly #listeners = new Set<() => void>();
  #scheduled = false;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = (): number => this.version;

  append(batch: readonly RunEventParts[]): void {
    for (const event of batch) this.events.push(event);
    this.changed();
  }

  changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Not a frame: those stop in a hidden tab, and the events must not.
    setTimeout(() => {
      this.#scheduled = false;
      this.version++;
      for (const listener of this.#listeners) listener();
    }, 32);
  }
}
