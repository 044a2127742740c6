import { describe, expect, test } from "@jest/globals";
import { dueTicks, isRunning, nextEvaluation, nextTick } from "../src/index.ts";

const iso = (ticks: number[]) => ticks.map((at) => new Date(at).toISOString());
const ms = (instant: string) => Date.parse(instant);
const hourly = { cron: ["0 * * * *"], timezone: "UTC" };

describe("due ticks of a schedule", () => {
  test("are none before it was switched on, and include the very moment of that", () => {
    const now = ms("2026-03-10T12:30:00Z");
    expect(dueTicks(hourly, { lastTickAt: null, since: null }, now, { partitioned: false })).toEqual([]);
    expect(dueTicks(hourly, { lastTickAt: null, since: now }, now, { partitioned: true })).toEqual([]);
    const noon = ms("2026-03-10T12:00:00Z");
    expect(iso(dueTicks(hourly, { lastTickAt: null, since: noon }, now, { partitioned: false }))).toEqual([
      "2026-03-10T12:00:00.000Z",
    ]);
  });

  test("are not due again once handled", () => {
    const at = ms("2026-03-10T12:00:00Z");
    expect(dueTicks(hourly, { lastTickAt: at, since: 0 }, at + 1, { partitioned: true })).toEqual([]);
  });

  test("of several missed only the latest without partitions, the last five with them, oldest first", () => {
    const state = { lastTickAt: ms("2026-03-01T00:00:00Z"), since: 0 };
    const now = ms("2026-03-10T12:30:00Z");
    expect(iso(dueTicks(hourly, state, now, { partitioned: false }))).toEqual(["2026-03-10T12:00:00.000Z"]);
    const five = iso(dueTicks(hourly, state, now, { partitioned: true }));
    expect(five).toEqual(
      [8, 9, 10, 11, 12].map((hour) => `2026-03-10T${String(hour).padStart(2, "0")}:00:00.000Z`),
    );
    expect(iso(dueTicks(hourly, state, now, { partitioned: true, maxCatchup: 2 }))).toEqual(five.slice(-2));
  });

  test("that were missed are as many as its own catchUp says; one that is on time was not missed", () => {
    const state = { lastTickAt: ms("2026-03-10T08:00:00Z"), since: 0 };
    const at = (time: string) => ms(`2026-03-10T${time}Z`);
    const due = (maxTicks: number, now: number, partitioned = false) =>
      iso(dueTicks({ ...hourly, catchUp: { maxTicks } }, state, now, { partitioned, maxCatchup: 5 }));
    expect(due(2, at("12:30:00"))).toEqual(["2026-03-10T11:00:00.000Z", "2026-03-10T12:00:00.000Z"]);
    expect(due(1, at("12:30:00"), true)).toEqual(["2026-03-10T12:00:00.000Z"]);
    expect(due(0, at("12:30:00"))).toEqual([]);
    expect(due(0, at("12:00:20"))).toEqual(["2026-03-10T12:00:00.000Z"]);
    expect(iso(dueTicks(hourly, state, at("12:00:20"), { partitioned: true, maxCatchup: 0 }))).toEqual([
      "2026-03-10T12:00:00.000Z",
    ]);
  });

  test("of several crons are merged", () => {
    const both = { cron: ["0 6 * * *", "30 18 * * *"], timezone: "Europe/Rome" };
    const state = { lastTickAt: null, since: ms("2026-03-09T23:30:00Z") };
    expect(iso(dueTicks(both, state, ms("2026-03-10T20:00:00Z"), { partitioned: true }))).toEqual([
      "2026-03-10T05:00:00.000Z",
      "2026-03-10T17:30:00.000Z",
    ]);
    expect(nextTick(both, ms("2026-03-10T17:30:00Z"))).toBe(ms("2026-03-11T05:00:00Z"));
  });

  test("fall where Dagster lets them fall when the clocks change", () => {
    const rome = { cron: ["30 2 * * *"], timezone: "Europe/Rome" };
    // 02:30 does not exist on 29 March 2026: the tick comes when the clock goes on, at 03:00.
    expect(nextTick(rome, ms("2026-03-28T12:00:00Z"))).toBe(ms("2026-03-29T01:00:00Z"));
    // 02:30 comes twice on 25 October 2026: the tick is at the second.
    expect(nextTick(rome, ms("2026-10-24T12:00:00Z"))).toBe(ms("2026-10-25T01:30:00Z"));
  });
});

test("an instigator runs as the definition says until somebody switches it", () => {
  expect(isRunning({ defaultStatus: "STOPPED" }, undefined)).toBe(false);
  expect(isRunning({ defaultStatus: "RUNNING" }, { status: null })).toBe(true);
  expect(isRunning({ defaultStatus: "RUNNING" }, { status: "STOPPED" })).toBe(false);
  expect(isRunning({ defaultStatus: "STOPPED" }, { status: "RUNNING" })).toBe(true);
});

test("a sensor is due at once, and then each time its minimum interval has passed", () => {
  const sensor = { minimumInterval: 30 };
  expect(nextEvaluation(sensor, { lastTickAt: null, since: 5 }, 9)).toBe(5);
  expect(nextEvaluation(sensor, { lastTickAt: null, since: null }, 9)).toBe(9);
  expect(nextEvaluation(sensor, { lastTickAt: 1000, since: 5 }, 2000)).toBe(31_000);
  expect(nextEvaluation(sensor, { lastTickAt: 1000, since: 40_000 }, 2000)).toBe(40_000);
});

test("a sensor is due at once when the clock was set back behind its last evaluation, not when clocks differ a little", () => {
  const sensor = { minimumInterval: 30 };
  const hour = 3_600_000;
  expect(nextEvaluation(sensor, { lastTickAt: 2 * hour, since: 5 }, hour)).toBe(5);
  expect(nextEvaluation(sensor, { lastTickAt: 2 * hour, since: 2 * hour }, hour)).toBe(hour);
  expect(nextEvaluation(sensor, { lastTickAt: hour + 2000, since: 5 }, hour)).toBe(hour + 32_000);
});
