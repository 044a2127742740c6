import type { LogLevel, RunEventParts } from "../graphql/generated/operations.ts";

export interface EventFilter {
  readonly q?: string | undefined;
  readonly level?: readonly LogLevel[] | undefined;
  readonly step?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
}

type Searchable = Pick<RunEventParts, "message" | "level" | "stepKey" | "eventType">;

/** A log message has no type of Dagster's own. */
export function typeOf(event: Pick<RunEventParts, "eventType">): string {
  return event.eventType ?? "LOG_MESSAGE";
}

function passes(event: Searchable, filter: EventFilter, needle: string | undefined): boolean {
  if (filter.level?.length && !filter.level.includes(event.level)) return false;
  if (filter.step?.length && (event.stepKey === null || !filter.step.includes(event.stepKey))) return false;
  if (filter.type?.length && !filter.type.includes(typeOf(event))) return false;
  if (!needle) return true;
  return (
    event.message.toLowerCase().includes(needle) ||
    typeOf(event).toLowerCase().includes(needle) ||
    (event.stepKey?.toLowerCase().includes(needle) ?? false)
  );
}

/** Indexes of the events that pass, found once each: only what was appended since is looked at. */
export class FilteredEvents {
  readonly indexes: number[] = [];
  readonly #filter: EventFilter;
  readonly #needle: string | undefined;
  #seen = 0;

  constructor(filter: EventFilter) {
    this.#filter = filter;
    this.#needle = filter.q?.trim().toLowerCase() || undefined;
  }

  update(events: readonly Searchable[]): readonly number[] {
    for (; this.#seen < events.length; this.#seen++) {
      const event = events[this.#seen];
      if (event && passes(event, this.#filter, this.#needle)) this.indexes.push(this.#seen);
    }
    return this.indexes;
  }
}
