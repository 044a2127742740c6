import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { CronError } from "../src/cron/parse.ts";
import { cronTicks, cronTicksBefore } from "../src/cron/ticks.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Minutes from UTC, where no clock changes. */
const FIXED: Record<string, number> = {
  UTC: 0,
  "Asia/Kathmandu": 345,
  "Asia/Tokyo": 540,
  "America/Phoenix": -420,
};
const CHANGING = [
  "Europe/Rome",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "America/St_Johns",
];

interface Field {
  text: string;
  has: (value: number) => boolean;
}
const every: Field = { text: "*", has: () => true };
const list = (min: number, max: number): fc.Arbitrary<Field> =>
  fc
    .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 })
    .map((values) => ({ text: values.join(), has: (value) => values.includes(value) }));
/** One value twice means all of them, as in Dagster; from a later to an earlier one it goes round the end. */
const range = (min: number, max: number): fc.Arbitrary<Field> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([from, to]) => ({
    text: `${from}-${to}`,
    has: (value) => {
      if (from === to) return true;
      return from < to ? from <= value && value <= to : from <= value || value <= to;
    },
  }));
const field = (min: number, max: number) => fc.oneof(fc.constant(every), list(min, max), range(min, max));
const stepped = (min: number, max: number) =>
  fc.oneof(
    field(min, max),
    fc
      .integer({ min: 2, max })
      .map((step) => ({ text: `*/${step}`, has: (value: number) => (value - min) % step === 0 })),
  );
const cron = fc
  .tuple(stepped(0, 59), stepped(0, 23), field(1, 31), field(1, 12), field(0, 6))
  .map((fields) => ({ fields, text: fields.map(({ text }) => text).join(" ") }))
  .filter(({ text }) => fires(text));
const instant = fc.integer({ min: Date.UTC(2023, 0), max: Date.UTC(2028, 0) });

function fires(text: string): boolean {
  try {
    cronTicks(text, "UTC", 0);
    return true;
  } catch (error) {
    // Such as the 31st of February.
    if (error instanceof CronError) return false;
    throw error;
  }
}
function until(ticks: Iterable<number>, end: number): number[] {
  const taken: number[] = [];
  for (const tick of ticks) {
    if (tick >= end) break;
    taken.push(tick);
  }
  return taken;
}
function take(ticks: Iterable<number>, count: number): number[] {
  const taken: number[] = [];
  for (const tick of ticks) if (taken.push(tick) === count) break;
  return taken;
}

/** Whether a cron with these fields names this local time (ms). */
function names([minutes, hours, days, months, weekdays]: Field[], local: number): boolean {
  const date = new Date(local);
  // Of two days that are given one is enough.
  const either = days !== every && weekdays !== every;
  const [day, weekday] = [days?.has(date.getUTCDate()), weekdays?.has(date.getUTCDay())];
  if (!minutes?.has(date.getUTCMinutes()) || !hours?.has(date.getUTCHours())) return false;
  return (
    months?.has(date.getUTCMonth() + 1) === true && ((either ? day || weekday : day && weekday) ?? false)
  );
}

interface Change {
  zone: string;
  at: number;
  /** Milliseconds from UTC, before and after it. */
  before: number;
  after: number;
}
/** Of some years, as the platform knows them. */
const CHANGES: Change[] = CHANGING.flatMap((zone) => {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric" },
    ...{ day: "numeric", hour: "numeric", minute: "numeric" },
  });
  const offset = (at: number) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute) - at;
  };
  const found: Change[] = [];
  for (let day = Date.UTC(2023, 6); day < Date.UTC(2026, 6); day += DAY) {
    if (offset(day) === offset(day + DAY)) continue;
    let at = day;
    while (offset(at) === offset(day)) at += 30 * MINUTE;
    found.push({ zone, at, before: offset(day), after: offset(at) });
  }
  return found;
});

test("a cron fires at each minute that its fields name, and at no other", () => {
  fc.assert(
    fc.property(cron, fc.constantFrom(...Object.keys(FIXED)), instant, ({ fields, text }, zone, after) => {
      const end = after + 5 * DAY;
      const expected: number[] = [];
      for (let at = Math.floor(after / MINUTE + 1) * MINUTE; at < end; at += MINUTE) {
        if (names(fields, at + (FIXED[zone] ?? 0) * MINUTE)) expected.push(at);
      }
      expect(until(cronTicks(text, zone, after), end)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test("over a change of the clock a local time that comes twice fires once, or twice for every hour, and none is lost", () => {
  expect(CHANGES).toHaveLength(5 * 2 * 3);
  const early = fc.integer({ min: 0, max: 2 * 24 * 60 });
  fc.assert(
    fc.property(cron, fc.constantFrom(...CHANGES), early, ({ fields, text }, change, minutes) => {
      const { zone, at, before, after } = change;
      const everyHour = Array.from({ length: 24 }, (_, hour) => fields[1]?.has(hour)).every(Boolean);
      const width = Math.abs(after - before);
      const [start, end] = [at - 2 * width - minutes * MINUTE, at + 2 * DAY];
      const ticks = until(cronTicks(text, zone, start), end);
      const local = (instant: number) => instant + (instant < at ? before : after);
      // Set back: from one width before the change to one after it. Set forward: the width that follows.
      const odd = (instant: number) => instant >= (after < before ? at - width : at) && instant < at + width;
      const plain: number[] = [];
      const oddOnes: number[] = [];
      for (let instant = start + MINUTE; instant < end; instant += MINUTE)
        if (names(fields, local(instant))) (odd(instant) ? oddOnes : plain).push(instant);
      expect(ticks.filter((tick) => !odd(tick))).toEqual(plain);
      const oddTicks = ticks.filter(odd);
      if (everyHour) expect(oddTicks).toEqual(oddOnes);
      else if (after < before)
        expect(oddTicks.map(local).toSorted()).toEqual([...new Set(oddOnes.map(local))].toSorted());
      else {
        // What never comes by the clock fires within as much time as was left out.
        const left: number[] = [];
        for (let skipped = at + before; skipped < at + after; skipped += MINUTE)
          if (names(fields, skipped)) left.push(skipped);
        if (left.length > 0) expect(oddTicks.length).toBeGreaterThan(0);
        for (const instant of oddOnes) expect(oddTicks).toContain(instant);
        if (left.length === 0) expect(oddTicks).toEqual(oddOnes);
      }
    }),
    { numRuns: 200 },
  );
});

test("ticks ascend, are the same the other way round, and go on from each of them, over changes of the clock", () => {
  fc.assert(
    fc.property(cron, fc.constantFrom(...CHANGING), instant, ({ text }, zone, after) => {
      const ticks = take(cronTicks(text, zone, after), 12);
      expect(ticks[0]).toBeGreaterThan(after);
      for (const [n, tick] of ticks.entries()) if (n > 0) expect(tick).toBeGreaterThan(ticks[n - 1] ?? 0);
      expect(take(cronTicksBefore(text, zone, (ticks.at(-1) ?? 0) + 1), 12)).toEqual(ticks.toReversed());
      expect(take(cronTicks(text, zone, ticks[5] ?? 0), 6)).toEqual(ticks.slice(6));
    }),
    { numRuns: 150 },
  );
});

test("several crons give each instant once, in order", () => {
  fc.assert(
    fc.property(
      fc.array(cron, { minLength: 2, maxLength: 4 }),
      fc.constantFrom(...CHANGING),
      instant,
      (crons, zone, after) => {
        const end = after + 5 * DAY;
        const all = crons.flatMap(({ text }) => until(cronTicks(text, zone, after), end));
        const merged = until(
          cronTicks(
            crons.map(({ text }) => text),
            zone,
            after,
          ),
          end,
        );
        expect(merged).toEqual([...new Set(all)].sort((a, b) => a - b));
      },
    ),
    { numRuns: 100 },
  );
});
