/** How a window's start is written as a partition key: the part of strftime that keys use. */
import { firesEveryHour } from "../cron/ticks.ts";
import type { Zone } from "../time/zone.ts";

const DAY = 86_400_000;

type Directive = "Y" | "m" | "d" | "H" | "M" | "S" | "y" | "j" | "z" | "f";
const DIGITS: Record<Exclude<Directive, "z">, string> = {
  Y: "\\d{4}",
  m: "\\d{1,2}",
  d: "\\d{1,2}",
  H: "\\d{1,2}",
  M: "\\d{1,2}",
  S: "\\d{1,2}",
  y: "\\d{2}",
  j: "\\d{1,3}",
  f: "\\d{1,6}",
};
const OFFSET = "[+-]\\d{2}:?\\d{2}|Z";

const two = (n: number) => (n < 10 ? `0${n}` : String(n));

/** Fields of a local time that are the same all day long. */
interface Day {
  number: number;
  Y: string;
  m: string;
  d: string;
  y: string;
  j: string;
}

function dayOf(number: number): Day {
  const date = new Date(number * DAY);
  const year = date.getUTCFullYear();
  return {
    number,
    Y: String(year).padStart(4, "0"),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    y: two(year % 100),
    j: String(number - Date.UTC(year, 0, 1) / DAY + 1).padStart(3, "0"),
  };
}

function writeOffset(offset: number): string {
  const minutes = Math.abs(Math.round(offset / 60_000));
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

/** A format read once. Throws on a directive that keys cannot have. */
export class KeyFormat {
  readonly #parts: (string | Directive)[] = [];
  readonly #isDirective: boolean[] = [];
  readonly #pattern: RegExp;
  readonly #fields: Directive[] = [];
  readonly #hasOffset: boolean;
  /** Of the key written last: keys mostly come in order. */
  #day: Day = dayOf(0);

  constructor(format: string) {
    let source = "";
    for (const [part, directive, literal] of format.matchAll(/%(.?)|([^%]+)/gs)) {
      if (literal !== undefined || directive === "%") {
        const text = literal ?? "%";
        this.#add(text, false);
        source += text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
      } else if (directive !== undefined && (directive === "z" || directive in DIGITS)) {
        const known = directive as Directive;
        this.#add(known, true);
        this.#fields.push(known);
        source += `(${known === "z" ? OFFSET : DIGITS[known]})`;
      } else {
        throw new RangeError(
          `partition format ${JSON.stringify(format)}: ${part} is not supported, only ${[
            ...Object.keys(DIGITS),
            "z",
          ]
            .map((d) => `%${d}`)
            .join(" ")} and %%`,
        );
      }
    }
    this.#hasOffset = this.#fields.includes("z");
    // The second of two equal local times carries its offset, also where the format has none.
    this.#pattern = new RegExp(`^${source}${this.#hasOffset ? "" : `(${OFFSET})?`}$`);
  }

  write(instant: number, zone: Zone, cron: string): string {
    const offset = zone.offsetAt(instant);
    const local = instant + offset;
    const number = Math.floor(local / DAY);
    if (this.#day.number !== number) this.#day = dayOf(number);
    let key = "";
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i] as string;
      key += this.#isDirective[i] ? this.#written(part as Directive, local - number * DAY, offset) : part;
    }
    if (this.#hasOffset || zone.offsetAt(instant - DAY) === offset || !firesEveryHour(cron)) return key;
    const reading = zone.fromLocal(local);
    return reading.kind === "two" && reading.second === instant ? key + writeOffset(offset) : key;
  }

  #written(directive: Directive, time: number, offset: number): string {
    switch (directive) {
      case "H":
        return two(Math.floor(time / 3_600_000));
      case "M":
        return two(Math.floor(time / 60_000) % 60);
      case "S":
        return two(Math.floor(time / 1000) % 60);
      case "f":
        return String((time % 1000) * 1000).padStart(6, "0");
      case "z":
        return writeOffset(offset);
      default:
        return this.#day[directive];
    }
  }

  /** The instant that a key writes, with what it leaves out at its lowest; null when it is not of this format. */
  read(key: string, zone: Zone): number | null {
    const match = this.#pattern.exec(key);
    if (!match) return null;
    let [year, month, day, hour, minute, second, milli] = [1970, 1, 1, 0, 0, 0, 0];
    let offset: number | null = null;
    const fields: readonly Directive[] = this.#hasOffset ? this.#fields : [...this.#fields, "z"];
    for (const [i, field] of fields.entries()) {
      const text = match[i + 1];
      if (text === undefined) continue;
      const value = Number(text);
      if (field === "Y") year = value;
      else if (field === "y") year = value + (value < 69 ? 2000 : 1900);
      else if (field === "m") month = value;
      else if (field === "d") day = value;
      else if (field === "j") [month, day] = [1, value];
      else if (field === "H") hour = value;
      else if (field === "M") minute = value;
      else if (field === "S") second = value;
      else if (field === "f") milli = Number(text.padEnd(6, "0").slice(0, 3));
      else offset = readOffset(text);
    }
    const local = Date.UTC(year, month - 1, day, hour, minute, second, milli);
    const date = new Date(local);
    // The 31st of April is not the 1st of May.
    if (!this.#fields.includes("j") && (date.getUTCMonth() + 1 !== month || date.getUTCDate() !== day))
      return null;
    if (hour > 23 || minute > 59 || second > 59 || Number.isNaN(local)) return null;
    if (offset !== null) return local - offset;
    const reading = zone.fromLocal(local);
    if (reading.kind === "one") return reading.instant;
    return reading.kind === "two" ? reading.first : reading.shifted;
  }

  #add(part: string | Directive, directive: boolean): void {
    this.#parts.push(part);
    this.#isDirective.push(directive);
  }
}

function readOffset(text: string): number {
  if (text === "Z") return 0;
  const sign = text.startsWith("-") ? -1 : 1;
  return sign * (Number(text.slice(1, 3)) * 60 + Number(text.slice(-2))) * 60_000;
}

const formats = new Map<string, KeyFormat>();

export function keyFormat(format: string): KeyFormat {
  let known = formats.get(format);
  if (!known) {
    known = new KeyFormat(format);
    formats.set(format, known);
  }
  return known;
}
