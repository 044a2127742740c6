/** Cron text to fields, by the rules of the parser that Dagster uses. */

/** `problem` at `position` (from 0) of the cron text. */
export class CronError extends Error {
  override name = "CronError";
  readonly position: number;
  constructor(cron: string, position: number, problem: string) {
    super(`cron ${JSON.stringify(cron)}, character ${position + 1}: ${problem}`);
    this.position = position;
  }
}

export interface Cron {
  text: string;
  /** Ascending values; null = every one. */
  minutes: number[] | null;
  hours: number[] | null;
  days: number[] | null;
  /** Last day of the month. */
  lastDay: boolean;
  months: number[] | null;
  /** 0 = Sunday. */
  weekdays: number[] | null;
  /** `5#3` the third Friday, `l5` (-1) the last one: when there are any, only these weekdays count. */
  nth: { weekday: number; nth: number }[];
}

interface Field {
  name: string;
  min: number;
  max: number;
  names: readonly string[];
  /** Number of the first name. */
  base: number;
}
const FIELDS: readonly Field[] = [
  { name: "minute", min: 0, max: 59, names: [], base: 0 },
  { name: "hour", min: 0, max: 23, names: [], base: 0 },
  { name: "day of month", min: 1, max: 31, names: [], base: 0 },
  {
    name: "month",
    min: 1,
    max: 12,
    names: "jan feb mar apr may jun jul aug sep oct nov dec".split(" "),
    base: 1,
  },
  { name: "day of week", min: 0, max: 6, names: "sun mon tue wed thu fri sat".split(" "), base: 0 },
];
const ALIASES: Record<string, string> = {
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const parsed = new Map<string, Cron>();

/** Throws CronError. Five fields or an alias such as `@daily`; names, lists, ranges, steps, `L`, `L5`, `5#3`, `?`. */
export function parseCron(cron: string): Cron {
  const known = parsed.get(cron);
  if (known) return known;
  const alias = ALIASES[cron.trim().toLowerCase()];
  if (cron.trim().startsWith("@") && alias === undefined) {
    throw new CronError(cron, 0, `there is no ${cron.trim()}, only ${Object.keys(ALIASES).join(" ")}`);
  }
  const words = [...(alias ?? cron).toLowerCase().matchAll(/\S+/g)].map((word) => ({
    text: word[0],
    at: word.index,
  }));
  if (words.length !== 5) {
    throw new CronError(
      cron,
      words[5]?.at ?? cron.length,
      `it has ${words.length} fields and needs 5: minute hour day-of-month month day-of-week`,
    );
  }
  const starred = words.map((word) => word.text.includes("*"));
  const nth: Cron["nth"] = [];
  const values = FIELDS.map((field, index) => {
    const word = words[index] ?? { text: "*", at: 0 };
    const reader = new FieldReader(
      cron,
      field,
      alias === undefined ? word.at : 0,
      index === 2,
      index === 4 ? nth : null,
    );
    const found = reader.read(word.text);
    // A day field that lists all its days restricts when the other one is restricted too: either may match then.
    const other = index === 2 ? starred[4] : index === 4 ? starred[2] : true;
    return found.size === field.max - field.min + 1 && other ? new Set<number | "*">(["*"]) : found;
  });
  const list = (index: number): number[] | null => {
    const set = values[index] ?? new Set();
    if (set.has("*")) return null;
    return [...set]
      .filter((v): v is number => (typeof v === "number" && v > 0) || v === 0)
      .sort((a, b) => a - b);
  };
  const result: Cron = {
    text: cron,
    minutes: list(0),
    hours: list(1),
    days: list(2),
    lastDay: values[2]?.has(LAST) ?? false,
    months: list(3),
    weekdays: list(4),
    nth,
  };
  checkPossible(result);
  if (parsed.size > 1000) parsed.clear();
  parsed.set(cron, result);
  return result;
}

/** Stands for the last day of the month in a day field. */
const LAST = -1;

class FieldReader {
  readonly #cron: string;
  readonly #field: Field;
  #at: number;
  readonly #allowsLast: boolean;
  readonly #nth: Cron["nth"] | null;

  constructor(cron: string, field: Field, at: number, allowsLast: boolean, nth: Cron["nth"] | null) {
    this.#cron = cron;
    this.#field = field;
    this.#at = at;
    this.#allowsLast = allowsLast;
    this.#nth = nth;
  }

  read(text: string): Set<number | "*"> {
    const { name } = this.#field;
    if (text === "?" && (this.#allowsLast || this.#nth)) return new Set(["*"]);
    if (text.includes("?")) throw this.#error(`? stands alone, and only for a day of month or week`);
    const values = new Set<number | "*">();
    for (const item of text.split(",")) {
      if (item === "") throw this.#error(`an empty item in the ${name} list`);
      if (!this.#special(item, values)) this.#item(item, values);
      this.#at += item.length + 1;
    }
    if (values.has("*")) return new Set(["*"]);
    return values;
  }

  #special(item: string, values: Set<number | "*">): boolean {
    if (item === "l" && this.#allowsLast) {
      values.add(LAST);
      return true;
    }
    if (!this.#nth) return false;
    const last = /^l(\d+)$/.exec(item);
    const numbered = /^(\w+(?:-\w+)?)#(\d+)$/.exec(item);
    const match = last ?? numbered;
    if (!match) return false;
    const nth = last ? -1 : Number(match[2]);
    if (!last && (nth < 1 || nth > 5))
      throw this.#error(`#${match[2]}: a month has a first to fifth weekday`);
    const days = new Set<number | "*">();
    this.#item(match[1] ?? "", days);
    for (const day of days) {
      if (day === "*") continue;
      values.add(day);
      this.#nth.push({ weekday: day, nth });
    }
    return true;
  }

  #item(item: string, values: Set<number | "*">): void {
    const { min, max } = this.#field;
    const match = /^([^-/]+)(?:-([^-/]+))?(?:\/(.*))?$/.exec(item);
    if (!match) throw this.#error(`${JSON.stringify(item)} is not a value, a range a-b or a step */n`);
    const [, from = "", to, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    if (stepText !== undefined && (!/^\d+$/.test(stepText) || step < 1))
      throw this.#error(`step ${JSON.stringify(stepText)} must be a whole number of at least 1`);
    if (from === "*" && to === undefined) {
      if (stepText === undefined) values.add("*");
      else for (let value = min; value <= max; value += step) values.add(value);
      return;
    }
    const low = this.#value(from);
    if (to === undefined && stepText === undefined) {
      values.add(low);
      return;
    }
    const high = to === undefined ? max : to === "l" && this.#allowsLast ? max : this.#value(to);
    for (const value of this.#range(low, high, step)) values.add(value);
  }

  /** `fri-mon` goes round the end; a range of one value means the whole cycle, as in Dagster. */
  #range(low: number, high: number, step: number): number[] {
    const { min, max } = this.#field;
    const upTo = (from: number, to: number) => {
      const list: number[] = [];
      for (let value = from; value <= to; value += step) list.push(value);
      return list;
    };
    if (low === high) return upTo(min, max);
    if (low < high) return upTo(low, high);
    const first = upTo(low, max);
    const end = first.at(-1) ?? low;
    const left = max - end;
    const skip = end - min + step > max - min + 1 && left < step ? step - left : 0;
    return [...first, ...upTo(min + skip, high)];
  }

  #value(text: string): number {
    const { name, min, max, names, base } = this.#field;
    const named = names.indexOf(text);
    if (named >= 0) return named + base;
    if (!/^\d+$/.test(text)) {
      const hint = names.length > 0 ? `, nor one of ${names.join(" ")}` : "";
      throw this.#error(`${JSON.stringify(text)} is not a number${hint}, in the ${name} field`);
    }
    const value = this.#nth && text === "7" ? 0 : Number(text);
    if (value < min || value > max)
      throw this.#error(`${name} ${text} is not within ${min}–${this.#nth ? 7 : max}`);
    return value;
  }

  #error(problem: string): CronError {
    return new CronError(this.#cron, this.#at, problem);
  }
}

function checkPossible(cron: Cron): void {
  const { days, months, weekdays, lastDay } = cron;
  if (!days || !months || weekdays || lastDay) return;
  const longest = Math.max(...months.map((month) => MONTH_DAYS[month - 1] ?? 0));
  const first = days[0] ?? 1;
  if (first > longest)
    throw new CronError(cron.text, 0, `day ${first} never comes in the months that it names`);
}
