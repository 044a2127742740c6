import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PartitionsDef } from "../src/model/definitions.ts";
import {
  comparePartitionKeys,
  cronPartitions,
  dailyPartitions,
  dynamicPartitions,
  hasPartitionKey,
  hourlyPartitions,
  lastPartitionEndingAt,
  lastPartitionKey,
  monthlyPartitions,
  multiPartitions,
  partitionCount,
  partitionKeys,
  partitionKeysInRange,
  partitionTimeWindow,
  staticPartitions,
  weeklyPartitions,
} from "../src/partitions/index.ts";

const at = (now: string, dynamic: string[] = []) => ({ now: Date.parse(now), dynamic: () => dynamic });

describe("time windows equal those of Dagster 1.13.27", () => {
  const make = {
    daily: dailyPartitions,
    hourly: hourlyPartitions,
    weekly: weeklyPartitions,
    monthly: monthlyPartitions,
    cron: cronPartitions,
  };
  interface Case {
    kind: keyof typeof make;
    options: Parameters<typeof cronPartitions>[0];
    now: string;
    keys: string[];
    last: string;
    windows: [string, number, number][];
  }
  const golden: Case[] = JSON.parse(
    readFileSync(new URL("./fixtures/partitions_golden.json", import.meta.url), "utf8"),
  );

  test.each(golden.map((one) => [`${one.kind} ${JSON.stringify(one.options)} at ${one.now}`, one] as const))(
    "%s",
    (_name, one) => {
      const def = make[one.kind](one.options);
      expect(PartitionsDef.parse(def)).toEqual(def);
      expect(partitionKeys(def, at(one.now))).toEqual(one.keys);
      expect(lastPartitionKey(def, at(one.now))).toBe(one.last);
      expect(partitionCount(def, at(one.now))).toBe(one.keys.length);
      expect(
        one.keys.map((key) => {
          const { start, end } = partitionTimeWindow(def, key);
          return [key, start.getTime() / 1000, end.getTime() / 1000];
        }),
      ).toEqual(one.windows);
    },
  );
});

describe("time windows", () => {
  const daily = dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" });

  test("a key exists from the end of its window on", () => {
    expect(hasPartitionKey(daily, "2024-01-04", at("2024-01-04T22:59:59Z"))).toBe(false);
    expect(hasPartitionKey(daily, "2024-01-04", at("2024-01-04T23:00:00Z"))).toBe(true);
    expect(partitionKeys(daily, at("2024-01-01T22:59:59Z"))).toEqual([]);
    expect(partitionKeys(daily, at("2024-01-01T23:00:00Z"))).toEqual(["2024-01-01"]);
    expect(lastPartitionEndingAt(daily, Date.parse("2024-01-04T23:00Z"))).toBe("2024-01-04");
    expect(lastPartitionEndingAt(daily, Date.parse("2023-12-31T23:00Z"))).toBeNull();
  });

  test("asked at a later time, more keys are there, and earlier answers stay as they were", () => {
    const early = partitionKeys(daily, at("2024-01-03T12:00Z"));
    expect(partitionKeys(daily, at("2024-01-10T12:00Z"))).toHaveLength(9);
    expect(early).toEqual(["2024-01-01", "2024-01-02"]);
    expect(partitionKeys(daily, at("2024-01-03T12:00Z"))).toEqual(early);
  });

  test("what is written otherwise is not a key", () => {
    const later = at("2025-01-01T00:00Z");
    for (const key of ["2024-1-5", "2024-02-30", "2023-12-31", "x", "", "2024-01-04 ", "9999-01-01"]) {
      expect([key, hasPartitionKey(daily, key, later)]).toEqual([key, false]);
    }
    expect(hasPartitionKey(weeklyPartitions({ start: "2024-01-01" }), "2024-01-08", later)).toBe(false);
    expect(() => partitionTimeWindow(daily, "2024-1-5")).toThrow(
      "there is no partition 2024-1-5: keys are written %Y-%m-%d",
    );
  });

  test("a range has both its ends, also beyond now, and not beyond the definition", () => {
    expect(partitionKeysInRange(daily, "2024-02-28", "2024-03-01", at("2024-01-02T00:00Z"))).toEqual([
      "2024-02-28",
      "2024-02-29",
      "2024-03-01",
    ]);
    const never = at("2024-06-01T00:00Z");
    expect(() => partitionKeysInRange(daily, "2024-02-28", "2024-02-27", never)).toThrow(
      "ends before it starts",
    );
    expect(() => partitionKeysInRange(daily, "2023-02-28", "2024-02-27", never)).toThrow(
      "before the first one, 2024-01-01",
    );
    const ended = dailyPartitions({ start: "2024-01-01", end: "2024-01-05" });
    expect(() => partitionKeysInRange(ended, "2024-01-02", "2024-01-05", never)).toThrow("after the end");
  });

  test("starts may be instants, local times with or without seconds, or dates", () => {
    const start = "2024-01-01T05:00:00.000Z";
    for (const given of ["2024-01-01T00:00:00-05:00", "2024-01-01", "2024-01-01T00:00", new Date(start)]) {
      expect(dailyPartitions({ start: given, timezone: "America/New_York" }).start).toBe(start);
    }
  });

  test("of any window the key leads back to it, in any zone, over changes of the clock", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          "UTC",
          "Europe/Rome",
          "America/New_York",
          "Asia/Kathmandu",
          "Australia/Lord_Howe",
          "Africa/Cairo",
        ),
        fc.integer({ min: Date.UTC(2023, 1), max: Date.UTC(2026, 1) }),
        fc.constantFrom("hourly", "daily"),
        (timezone, now, kind) => {
          const def =
            kind === "hourly"
              ? hourlyPartitions({ start: "2023-01-01", timezone })
              : dailyPartitions({ start: "2023-01-01", timezone, hourOffset: 2, minuteOffset: 30 });
          const key = lastPartitionKey(def, { now, dynamic: () => [] }) ?? "";
          const { start, end } = partitionTimeWindow(def, key);
          expect(end.getTime()).toBeLessThanOrEqual(now);
          expect(start.getTime()).toBeLessThan(end.getTime());
          expect(lastPartitionKey(def, { now: end.getTime(), dynamic: () => [] })).toBe(key);
          expect(lastPartitionKey(def, { now: end.getTime() - 1, dynamic: () => [] })).not.toBe(key);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("static, dynamic and multi", () => {
  const region = staticPartitions(["us", "eu"]);
  const multi = multiPartitions({ region, date: dailyPartitions({ start: "2024-01-01" }) });
  const now = at("2024-01-03T00:00Z", ["a", "b"]);

  test("static keys are typed and in the order given", () => {
    const key: "us" | "eu" | undefined = region.keys[0];
    expect(key).toBe("us");
    expect(partitionKeysInRange(region, "us", "eu", now)).toEqual(["us", "eu"]);
    expect(() => partitionKeysInRange(region, "us", "e", now)).toThrow(
      "there is no partition e — did you mean eu",
    );
  });

  test("dynamic keys are those given", () => {
    const dynamic = dynamicPartitions("customers");
    expect(partitionKeys(dynamic, now)).toEqual(["a", "b"]);
    expect([hasPartitionKey(dynamic, "a", now), hasPartitionKey(dynamic, "c", now)]).toEqual([true, false]);
  });

  test("keys of several dimensions are in the order of their names", () => {
    expect(partitionKeys(multi, now)).toEqual([
      "2024-01-01|us",
      "2024-01-01|eu",
      "2024-01-02|us",
      "2024-01-02|eu",
    ]);
    expect(partitionCount(multi, now)).toBe(4);
    expect(lastPartitionKey(multi, now)).toBe("2024-01-02|eu");
    expect([
      hasPartitionKey(multi, "2024-01-02|us", now),
      hasPartitionKey(multi, "us|2024-01-02", now),
      hasPartitionKey(multi, "us", now),
    ]).toEqual([true, false, false]);
    expect(partitionTimeWindow(multi, "2024-01-02|us").start.toISOString()).toBe("2024-01-02T00:00:00.000Z");
    expect(partitionKeysInRange(multi, "2024-01-01|eu", "2024-01-02|eu", now)).toEqual([
      "2024-01-01|eu",
      "2024-01-02|eu",
    ]);
  });

  test("keys sort by their place, not by their text", () => {
    const monthly = monthlyPartitions({ start: "2023-01-01", format: "%m-%Y" });
    expect(["01-2024", "12-2023", "nothing", "02-2023"].sort(comparePartitionKeys(monthly, now))).toEqual([
      "02-2023",
      "12-2023",
      "01-2024",
      "nothing",
    ]);
    expect(["eu", "us"].sort(comparePartitionKeys(region, now))).toEqual(["us", "eu"]);
  });
});

describe("definitions that cannot be", () => {
  test.each([
    [
      () => dailyPartitions({ start: "2024-01-01", timezone: "Mars/Base" }),
      'there is no time zone "Mars/Base"',
    ],
    [() => cronPartitions({ start: "2024-01-01", cron: "0 0 * *" }), "it has 4 fields and needs 5"],
    [
      () => dailyPartitions({ start: "2024-02-01", end: "2024-01-01" }),
      "partitions start at 2024-02-01, which is not before their end 2024-01-01",
    ],
    [() => dailyPartitions({ start: "yesterday" }), 'start "yesterday" is not a time'],
    [() => dailyPartitions({ start: new Date("x") }), "start is not a valid date"],
    [() => dailyPartitions({ start: "2024-01-01", endOffset: 0.5 }), "endOffset must be a whole number"],
    [
      () => hourlyPartitions({ start: "2024-01-01", format: "%Y-%m-%d" }),
      "gives different windows of 0 * * * * the same key",
    ],
    [() => dailyPartitions({ start: "2024-01-01", format: "%Y-%q" }), "%q is not supported"],
    [() => hourlyPartitions({ start: "2024-01-01", minuteOffset: 75 }), "minute 75 is not within 0–59"],
    [() => staticPartitions(["a", "b", "a"]), 'name the key "a" twice'],
    [() => staticPartitions(["a...b"]), "cannot be a partition key"],
    [() => staticPartitions([""]), "cannot be a partition key"],
    [() => dynamicPartitions(""), "need a name"],
    [() => multiPartitions({ one: staticPartitions(["a"]) }), "two dimensions or more"],
    [
      () => multiPartitions({ one: staticPartitions(["a|b"]), two: staticPartitions(["c"]) }),
      "separates the parts of a key",
    ],
  ])("%#: %s", (make, message) => expect(make).toThrow(message));
});
