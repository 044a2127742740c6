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
const field = (min: number, max: number) => fc.oneof(fc.constant(every), list(min, max));
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

test("a cron fires at each minute that its fields name, and at no other", () => {
  fc.assert(
    fc.property(cron, fc.constantFrom(...Object.keys(FIXED)), instant, ({ fields, text }, zone, after) => {
      const [minutes, hours, days, months, weekdays] = fields;
      const end = after + 5 * DAY;
      const expected: number[] = [];
      for (let at = Math.floor(after / MINUTE + 1) * MINUTE; at < end; at += MINUTE) {
        const local = new Date(at + (FIXED[zone] ?? 0) * MINUTE);
        // Of two days that are given one is enough.
        const either = days !== every && weekdays !== every;
        const [day, weekday] = [days.has(local.getUTCDate()), weekdays.has(local.getUTCDay())];
        if (!minutes.has(local.getUTCMinutes()) || !hours.has(local.getUTCHours())) continue;
        if (months.has(local.getUTCMonth() + 1) && (either ? day || weekday : day && weekday))
          expected.push(at);
      }
      expect(until(cronTicks(text, zone, after), end)).toEqual(expected);
    }),
    { numRuns: 150 },
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
