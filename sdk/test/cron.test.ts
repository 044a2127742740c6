import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { CronError, parseCron } from "../src/cron/parse.ts";
import { cronTicks, cronTicksBefore, firesEveryHour } from "../src/cron/ticks.ts";

type Case = [zone: string, cron: string | string[], start: number, direction: 1 | -1, steps: number[]];
const golden: Case[] = JSON.parse(
  readFileSync(new URL("./fixtures/cron_golden.json", import.meta.url), "utf8"),
);

const MINUTE = 60_000;
function take(ticks: Iterable<number>, count: number): number[] {
  const taken: number[] = [];
  for (const tick of ticks) {
    taken.push(tick);
    if (taken.length === count) break;
  }
  return taken;
}
const show = (instants: number[]) => instants.map((instant) => new Date(instant).toISOString().slice(0, 16));
const forward = (cron: string | string[], zone: string, after: string, count: number) =>
  show(take(cronTicks(cron, zone, Date.parse(after)), count));

/** Where Dagster is wrong on purpose we are not: each with the reason. */
function knownDifference([zone, cron, start, direction]: Case): boolean {
  const crons = [cron].flat();
  // Dagster counts minutes of UTC or of the zone for hourly crons by the zone's offset at the moment of asking.
  if (zone === "Australia/Lord_Howe") return crons.some((one) => firesEveryHour(one));
  // Dagster looks for 28 February first, and so misses a 29 February when asked on the day between.
  return (
    zone === "Asia/Tokyo" &&
    cron === "0 0 29 2 *" &&
    direction === 1 &&
    start > Date.parse("2028-02-27") / MINUTE
  );
}

test("ticks equal those of Dagster 1.13.27 in every zone, over changes of the clock, in both directions", () => {
  const wrong: unknown[] = [];
  let compared = 0;
  for (const one of golden) {
    if (knownDifference(one)) continue;
    const [zone, cron, start, direction, steps] = one;
    let at = start;
    const expected = steps.map((step) => {
      at += step * direction;
      return at * MINUTE;
    });
    const ticks =
      direction === 1
        ? cronTicks(cron, zone, start * MINUTE - 1)
        : cronTicksBefore(cron, zone, start * MINUTE + 1);
    const actual = take(ticks, steps.length);
    compared += actual.length;
    if (actual.join() !== expected.join())
      wrong.push({ zone, cron, direction, expected: show(expected), actual: show(actual) });
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(30_000);
  expect(new Set(golden.map(([zone]) => zone)).size).toBeGreaterThanOrEqual(12);
});

describe("changes of the clock", () => {
  test("a time that never comes fires when the clock goes on", () => {
    expect(forward("30 2 * * *", "America/New_York", "2026-03-08T00:00Z", 2)).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:30",
    ]);
  });
  test("a time that comes twice fires at the second", () => {
    expect(forward("30 1 * * *", "America/New_York", "2026-11-01T00:00Z", 2)).toEqual([
      "2026-11-01T06:30",
      "2026-11-02T06:30",
    ]);
  });
  test("an hourly cron fires in each hour that passes", () => {
    expect(forward("0 * * * *", "America/New_York", "2026-11-01T04:30Z", 3)).toEqual([
      "2026-11-01T05:00",
      "2026-11-01T06:00",
      "2026-11-01T07:00",
    ]);
    expect(forward("0 * * * *", "Europe/Rome", "2026-03-29T00:30Z", 2)).toEqual([
      "2026-03-29T01:00",
      "2026-03-29T02:00",
    ]);
  });
  test("half-hour zones keep their local minutes", () => {
    expect(forward("0 * * * *", "Australia/Lord_Howe", "2026-06-01T00:00Z", 2)).toEqual([
      "2026-06-01T00:30",
      "2026-06-01T01:30",
    ]);
  });
  test("the 29th of February is found from the day before", () => {
    expect(forward("0 0 29 2 *", "UTC", "2028-02-28T12:00Z", 2)).toEqual([
      "2028-02-29T00:00",
      "2032-02-29T00:00",
    ]);
  });
});

test("ticks are strictly after and strictly before what is asked, and several crons give each instant once", () => {
  const noon = Date.parse("2026-05-05T12:00Z");
  expect(show(take(cronTicks("0 12 * * *", "UTC", noon), 1))).toEqual(["2026-05-06T12:00"]);
  expect(show(take(cronTicksBefore("0 12 * * *", "UTC", noon), 1))).toEqual(["2026-05-04T12:00"]);
  expect(forward(["0 12 * * *", "0 */6 * * *"], "UTC", "2026-05-05T11:00Z", 3)).toEqual([
    "2026-05-05T12:00",
    "2026-05-05T18:00",
    "2026-05-06T00:00",
  ]);
});

describe("parsing", () => {
  test("lists, ranges, steps and names become values", () => {
    expect(parseCron("5,10-12 */6 1-31/10 jan-mar,DEC mon-fri")).toMatchObject({
      minutes: [5, 10, 11, 12],
      hours: [0, 6, 12, 18],
      days: [1, 11, 21, 31],
      months: [1, 2, 3, 12],
      weekdays: [1, 2, 3, 4, 5],
    });
    expect(parseCron("0-59 */1 * 1-12 0-6")).toMatchObject({
      minutes: null,
      hours: null,
      months: null,
      weekdays: null,
    });
    expect(parseCron("0 0 ? * 7")).toMatchObject({ days: null, weekdays: [0] });
    expect(parseCron("0 0 L * *")).toMatchObject({ days: [], lastDay: true });
  });

  test.each([
    ["* * * *", 8, "it has 4 fields and needs 5"],
    ["0 0 * * * *", 11, "it has 6 fields and needs 5"],
    ["60 * * * *", 1, "minute 60 is not within 0–59"],
    ["0 24 * * *", 3, "hour 24 is not within 0–23"],
    ["0 0 0 * *", 5, "day of month 0 is not within 1–31"],
    ["0 0 * 13 *", 7, "month 13 is not within 1–12"],
    ["0 0 * * 8", 9, "day of week 8 is not within 0–7"],
    ["0 0 * * fry", 9, '"fry" is not a number, nor one of sun mon'],
    ["0,,5 * * * *", 3, "an empty item in the minute list"],
    ["*/0 * * * *", 1, 'step "0" must be a whole number of at least 1'],
    ["-5 * * * *", 1, '"-5" is not a value'],
    ["0 0 30 2 *", 1, "day 30 never comes in the months that it names"],
    ["0 ? * * *", 3, "? stands alone, and only for a day"],
    ["0 0 * * 1#6", 9, "#6: a month has a first to fifth weekday"],
    ["@dayly", 1, "there is no @dayly"],
  ])("%s is refused with its place", (cron, character, problem) => {
    expect(() => parseCron(cron)).toThrow(CronError);
    expect(() => parseCron(cron)).toThrow(`character ${character}: ${problem}`);
  });

  test("a wrong cron is refused when ticks are asked for, not when the first is taken", () => {
    expect(() => cronTicks(["0 0 * * *", "0 25 * * *"], "UTC", 0)).toThrow("hour 25 is not within");
    expect(() => cronTicksBefore([], "UTC", 0)).toThrow("an empty list of crons never fires");
  });

  test("an unknown time zone is named with the nearest one", () => {
    expect(() => forward("0 0 * * *", "Europe/Roma", "2026-01-01T00:00Z", 1)).toThrow(
      'there is no time zone "Europe/Roma" — did you mean Europe/Rome',
    );
  });
});

/** Of 2024 from March on, by Dagster 1.13.27's cron_string_iterator. */
test.each([
  ["0 0 * * 5-1/2", ["03-01T00:00", "03-03T00:00", "03-08T00:00", "03-10T00:00"]],
  ["0 20-4/3 * * *", ["03-01T03:00", "03-01T20:00", "03-01T23:00", "03-02T03:00"]],
  ["0 0 1 11-3/2 *", ["03-01T00:00", "11-01T00:00"]],
  ["50-10/7 0 2 3 *", ["03-02T00:05", "03-02T00:50", "03-02T00:57"]],
  ["0 0 28-3/2 * *", ["03-01T00:00", "03-03T00:00", "03-28T00:00", "03-30T00:00", "04-01T00:00"]],
])("a stepped range that goes round the end, %s, goes on as in Dagster", (cron, expected) => {
  const ticks: string[] = [];
  for (const tick of cronTicks(cron, "UTC", Date.UTC(2024, 2, 1) - 1)) {
    ticks.push(new Date(tick).toISOString().slice(5, 16));
    if (ticks.length === expected.length) break;
  }
  expect(ticks).toEqual(expected);
});
