import { FreshnessPolicy } from "@dagster-operator/sdk";
import { expect, test } from "@jest/globals";
import { freshnessOf } from "../src/index.ts";

const at = (time: string) => Date.parse(`2026-03-10T${time}:00Z`);
const HOUR = 3600;

test("by age: fresh, then a warning, then too old; never made is unknown", () => {
  const policy = FreshnessPolicy.timeWindow({ failWindow: 2 * HOUR, warnWindow: HOUR });
  const states = ["12:59", "13:00", "13:59", "14:00"].map((now) => freshnessOf(policy, at("12:00"), at(now)));
  expect(states).toEqual(["PASS", "WARN", "WARN", "FAIL"]);
  expect(freshnessOf(policy, null, at("12:00"))).toBe("UNKNOWN");
  expect(freshnessOf(FreshnessPolicy.timeWindow({ failWindow: HOUR }), at("12:00"), at("12:59"))).toBe(
    "PASS",
  );
});

test("by deadline: on time, late and early, as in Dagster", () => {
  const policy = FreshnessPolicy.cron({ deadlineCron: "0 9 * * *", lowerBoundDelta: HOUR / 4 });
  const state = (made: string, now: string) => freshnessOf(policy, at(made), at(now));
  // On time: made within the window before the deadline.
  expect(state("08:50", "09:00")).toBe("PASS");
  // Late: overdue from the deadline on, until it is made.
  expect(freshnessOf(policy, Date.parse("2026-03-09T08:50:00Z"), at("09:00"))).toBe("FAIL");
  expect(state("09:30", "09:30")).toBe("PASS");
  // Early: too long before the deadline.
  expect(state("08:30", "09:00")).toBe("FAIL");
  // Before today's deadline yesterday's counts.
  expect(freshnessOf(policy, Date.parse("2026-03-09T08:50:00Z"), at("08:59"))).toBe("PASS");
});

test("the deadline is one of the policy's time zone", () => {
  const policy = FreshnessPolicy.cron({
    deadlineCron: "0 9 * * *",
    lowerBoundDelta: 60,
    timezone: "Europe/Rome",
  });
  expect(freshnessOf(policy, at("07:59"), at("08:00"))).toBe("PASS");
  expect(freshnessOf(policy, at("07:58"), at("08:00"))).toBe("FAIL");
});

test("windows that cannot be are refused", () => {
  expect(() => FreshnessPolicy.timeWindow({ failWindow: 5 })).toThrow("at least 60");
  expect(() => FreshnessPolicy.timeWindow({ failWindow: 60, warnWindow: 60 })).toThrow(
    "less than failWindow",
  );
  expect(() => FreshnessPolicy.cron({ deadlineCron: "0 9 * *", lowerBoundDelta: 60 })).toThrow();
});
