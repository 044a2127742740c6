import { describe, expect, test } from "@jest/globals";
import { cronText } from "../src/automation/cron-text.ts";
import { axisStep, formatDuration, formatRelative } from "../src/design/time.ts";
import { axisNumber, formatInteger, formatNumber } from "../src/metadata/number.ts";

describe("durations", () => {
  test.each([
    [0, "0ms"],
    [349.6, "350ms"],
    [1000, "1s"],
    [4250, "4.2s"],
    [59_999, "59s"],
    [125_000, "2m 05s"],
    [3_600_000, "1h 00m"],
    [90_061_000, "1d 1h"],
    [-5, "–"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("relative times", () => {
  const now = Date.UTC(2026, 10, 23, 12);
  test.each([
    [-1000, "just now"],
    [-42_000, "42s ago"],
    [-300_000, "5m ago"],
    [-7_200_000, "2h ago"],
    [-172_800_000, "2d ago"],
    [240_000, "in 4m"],
  ])("%d ms from now", (delta, text) => {
    expect(formatRelative(now + delta, now)).toBe(text);
  });
  test("a month ago is a date", () => {
    expect(formatRelative(now - 40 * 86_400_000, now)).toMatch(/2026/);
  });
});

test("marks of an axis are round and not too many", () => {
  expect(axisStep(1000, 10)).toBe(100);
  expect(axisStep(3_600_000, 8)).toBe(600_000);
  for (const span of [13, 999, 65_000, 8.64e7, 9e8])
    expect(span / axisStep(span, 10)).toBeLessThanOrEqual(10);
});

test.each([
  ["0 7 * * 1", "Monday at 07:00"],
  ["30 2 * * *", "Every day at 02:30"],
  ["*/5 * * * *", "Every 5 minutes"],
  ["0 * * * *", "Every hour"],
  ["0 9 * * 1-5", "Weekdays at 09:00"],
  ["0 0 1 * *", "On day 1 of the month at 00:00"],
  ["0 0 1 1 *", "0 0 1 1 *"],
  ['["0 8 * * 1-5","0 0 29 2 *"]', "Weekdays at 08:00; 0 0 29 2 *"],
])("cron %s reads %s", (cron, text) => {
  expect(cronText(cron)).toBe(text);
});

test("numbers are grouped and not longer than they need be", () => {
  expect([12_345, 23.763333, 0.000012, 1e20].map(formatNumber)).toEqual([
    "12,345",
    "23.7633",
    "1.2000e-5",
    "100,000,000,000,000,000,000",
  ]);
  expect(["123456789012", "-7", "not one"].map(formatInteger)).toEqual(["123,456,789,012", "-7", "not one"]);
  expect([0, 7.5, 12_000, 150_000_000_000, 1.23456e-12].map(axisNumber)).toEqual([
    "0",
    "7.5",
    "12,000",
    "150B",
    "1.23e-12",
  ]);
});
