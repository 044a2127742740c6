/**
 * Time zones on Intl. A local time is written as "local milliseconds": the instant at which a UTC clock would show it,
 * so `new Date(local).getUTCHours()` is its hour.
 */
import { didYouMean } from "../model/nearest-name.ts";

const DAY = 86_400_000;
/** Offsets are looked up once per span of this length; zones change at most once within it. */
const SPAN = 14 * DAY;

interface Span {
  /** Offset from `change` on, and before it. */
  before: number;
  after: number;
  /** Instant of the change, or +Infinity when there is none. */
  change: number;
}

/** What a local time is on the time line. */
export type LocalTime =
  | { kind: "one"; instant: number }
  /** It comes twice, as clocks go back. */
  | { kind: "two"; first: number; second: number }
  /** It never comes, as clocks go forward: `shifted` reads it with the offset from before, `resume` is the first instant after. */
  | { kind: "none"; shifted: number; resume: number };

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #spans = new Map<number, Span>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Milliseconds to add to UTC. */
  offsetAt(instant: number): number {
    const span = this.#span(Math.floor(instant / SPAN));
    return instant < span.change ? span.before : span.after;
  }

  toLocal(instant: number): number {
    return instant + this.offsetAt(instant);
  }

  fromLocal(local: number): LocalTime {
    const before = this.offsetAt(local - DAY);
    const after = this.offsetAt(local + DAY);
    if (before === after) return { kind: "one", instant: local - before };
    const first = local - before;
    const second = local - after;
    const isFirst = this.offsetAt(first) === before;
    const isSecond = this.offsetAt(second) === after;
    if (isFirst && isSecond) return { kind: "two", first, second };
    if (isFirst) return { kind: "one", instant: first };
    if (isSecond) return { kind: "one", instant: second };
    return { kind: "none", shifted: first, resume: this.#change(second, first) };
  }

  #span(index: number): Span {
    const known = this.#spans.get(index);
    if (known) return known;
    const start = index * SPAN;
    const before = this.#measure(start);
    const after = this.#measure(start + SPAN);
    const change = before === after ? Number.POSITIVE_INFINITY : this.#change(start, start + SPAN);
    const span = { before, after, change };
    this.#spans.set(index, span);
    return span;
  }

  /** First second at which the offset of `to` holds, between two instants of different offset. */
  #change(from: number, to: number): number {
    const after = this.#measure(to);
    let low = Math.floor(from / 1000);
    let high = Math.ceil(to / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#measure(middle * 1000) === after) high = middle;
      else low = middle;
    }
    return high * 1000;
  }

  #measure(instant: number): number {
    const whole = Math.floor(instant / 1000) * 1000;
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
      this.#format.format(whole).match(/\d+/g) ?? []
    ).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  }
}

const zones = new Map<string, Zone>();

/** Throws a RangeError that names the zone, when there is none of this name. */
export function timeZone(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  let zone: Zone;
  try {
    zone = new Zone(name);
  } catch (error) {
    const near = didYouMean(name, Intl.supportedValuesOf("timeZone"));
    throw new RangeError(
      `there is no time zone ${JSON.stringify(name)}${near || ": use an IANA name such as Europe/Rome"}`,
      { cause: error },
    );
  }
  zones.set(name, zone);
  return zone;
}
