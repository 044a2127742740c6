import { describe, expect, test } from "@jest/globals";
import type { PartitionMapping, PartitionsDef } from "../src/model/definitions.ts";
import {
  customMapping,
  dailyPartitions,
  downstreamPartitionKeys,
  dynamicPartitions,
  hourlyPartitions,
  multiPartitions,
  staticPartitions,
  upstreamPartitionKeys,
  weeklyPartitions,
} from "../src/partitions/index.ts";

const daily = dailyPartitions({ start: "2024-01-01" });
const later = dailyPartitions({ start: "2024-01-10" });
const weekly = weeklyPartitions({ start: "2023-12-31" });
const hourly = hourlyPartitions({ start: "2024-01-01" });
const region = staticPartitions(["us", "eu"]);
const multi = multiPartitions({ date: daily, region });
const context = { now: Date.parse("2024-01-22T00:00Z"), dynamic: () => ["a", "b"] };

const up = (
  downstream: PartitionsDef | null,
  upstream: PartitionsDef | null,
  keys: string[],
  mapping?: PartitionMapping,
) => upstreamPartitionKeys({ downstream, upstream, keys, mapping, ...context });
const down = (
  downstream: PartitionsDef | null,
  upstream: PartitionsDef | null,
  keys: string[],
  mapping?: PartitionMapping,
) => downstreamPartitionKeys({ downstream, upstream, keys, mapping, ...context });
const days = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `2024-01-${String(from + i).padStart(2, "0")}`);

describe("by default", () => {
  test("equal windows map to each other, as far as the upstream asset has them", () => {
    expect(up(daily, daily, days(3, 4))).toEqual(days(3, 4));
    expect(up(daily, later, days(9, 11))).toEqual(days(10, 11));
  });

  test("a week needs its days, a day its hours, an hour the day that it is in", () => {
    expect(up(weekly, daily, ["2024-01-07"])).toEqual(days(7, 13));
    expect(up(daily, hourly, ["2024-01-02"])).toHaveLength(24);
    expect(up(hourly, daily, ["2024-01-02-05:00"])).toEqual(["2024-01-02"]);
    expect(up(weekly, daily, ["2023-12-31"])).toEqual(days(1, 6));
  });

  test("and back", () => {
    expect(down(weekly, daily, ["2024-01-09", "2024-01-13"])).toEqual(["2024-01-07"]);
    expect(down(hourly, daily, ["2024-01-02"])).toHaveLength(24);
    // The week is not over yet.
    expect(down(weekly, daily, ["2024-01-21"])).toEqual([]);
  });

  test("windows of other zones map by overlap", () => {
    const rome = dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" });
    expect(up(rome, daily, ["2024-01-05"])).toEqual(days(4, 5));
  });

  test("equal keys map to each other for what is not time", () => {
    expect(up(region, staticPartitions(["eu", "asia"]), ["us", "eu"])).toEqual(["eu"]);
    expect(up(dynamicPartitions("d"), dynamicPartitions("e"), ["a", "z"])).toEqual(["a"]);
    expect(up(multi, multi, ["2024-01-01|us"])).toEqual(["2024-01-01|us"]);
  });

  test("a whole asset needs all partitions, and a whole upstream asset has none", () => {
    expect(up(null, region, [])).toEqual(["us", "eu"]);
    expect(up(region, null, ["us"])).toBeNull();
    expect(down(null, region, ["us"])).toBeNull();
    expect(down(region, null, [])).toEqual(["us", "eu"]);
  });

  test("a dimension maps to the single definition that it equals", () => {
    expect(up(region, multi, ["eu"])).toEqual(days(1, 21).map((day) => `${day}|eu`));
    expect(up(multi, region, ["2024-01-01|eu", "2024-01-02|eu"])).toEqual(["eu"]);
    expect(up(weekly, multi, ["2024-01-07"])).toHaveLength(14);
    expect(down(multi, daily, ["2024-01-02"])).toEqual(["2024-01-02|us", "2024-01-02|eu"]);
    expect(down(daily, multi, ["2024-01-02|us", "2024-01-02|eu"])).toEqual(["2024-01-02"]);
  });
});

describe("as told", () => {
  test("offsets shift the window in downstream partitions", () => {
    const before: PartitionMapping = { kind: "time_window", startOffset: -1, endOffset: 0 };
    expect(up(daily, daily, ["2024-01-05"], before)).toEqual(days(4, 5));
    expect(up(daily, daily, ["2024-01-01"], before)).toEqual(days(1, 1));
    expect(down(daily, daily, ["2024-01-04"], before)).toEqual(days(4, 5));
    expect(up(weekly, daily, ["2024-01-07"], before)).toEqual(days(1, 13));
    expect(up(daily, daily, ["2024-01-05"], { kind: "time_window", startOffset: -1, endOffset: -1 })).toEqual(
      days(4, 4),
    );
    expect(
      down(daily, daily, ["2024-01-04"], { kind: "time_window", startOffset: -1, endOffset: -1 }),
    ).toEqual(days(5, 5));
  });

  test("all, last and static", () => {
    expect(up(region, daily, ["us"], { kind: "all" })).toHaveLength(21);
    expect(up(region, daily, ["us"], { kind: "last" })).toEqual(["2024-01-21"]);
    expect([
      down(region, daily, ["2024-01-20"], { kind: "last" }),
      down(region, daily, ["2024-01-21"], { kind: "last" }),
    ]).toEqual([[], ["us", "eu"]]);
    const mapping: PartitionMapping = {
      kind: "static",
      downstreamByUpstream: { ny: ["us"], la: ["us"], rome: ["eu"] },
    };
    const city = staticPartitions(["rome", "la", "ny"]);
    expect(up(region, city, ["us"], mapping)).toEqual(["la", "ny"]);
    expect(down(region, city, ["ny", "rome"], mapping)).toEqual(["us", "eu"]);
  });

  test("a mapping of one's own is asked for each static key", () => {
    const cities = staticPartitions(["la", "ny", "rome"]);
    const mapping = customMapping(cities, (key) => (key === "rome" ? ["eu", "old"] : "us"));
    const worlds = staticPartitions(["us", "eu", "old"]);
    expect(up(worlds, cities, ["old"], mapping)).toEqual(["rome"]);
    expect(up(worlds, cities, ["us"], mapping)).toEqual(["la", "ny"]);
    expect(down(worlds, cities, ["rome"], mapping)).toEqual(["eu", "old"]);
  });

  test("a mapping of one's own from time and from keys that come and go", () => {
    const odd = staticPartitions(["odd", "even"]);
    const byDay = customMapping(daily, (key) => (Number(key.slice(-2)) % 2 ? "odd" : ["even"]));
    expect(up(odd, daily, ["even"], byDay)).toEqual(days(1, 21).filter((_, at) => at % 2));
    expect(down(odd, daily, days(2, 2), byDay)).toEqual(["even"]);
    const names = customMapping(dynamicPartitions("d"), (key) => (key === "a" ? ["us", "eu"] : "eu"));
    expect(up(region, dynamicPartitions("d"), ["us"], names)).toEqual(["a"]);
    expect(up(region, dynamicPartitions("d"), ["eu"], names)).toEqual(["a", "b"]);
    // The week of a day that is not over has no partition yet: it is left out.
    const week = customMapping(daily, () => ["2024-01-14", "2024-01-21"]);
    expect(down(weekly, daily, days(1, 1), week)).toEqual(["2024-01-14"]);
  });

  test("a mapping of one's own that throws, or names what can never be, is refused", () => {
    const to = (named: (key: string) => string | string[]) => () =>
      up(region, daily, ["us"], customMapping(daily, named));
    expect(to(() => "uss")).toThrow(
      'says that 2024-01-01 is needed by partition "uss", and there is no such partition — did you mean us?',
    );
    expect(
      to(() => {
        throw new Error("no idea");
      }),
    ).toThrow("its custom partition mapping failed for 2024-01-01: no idea");
    expect(to(() => [7] as never)).toThrow("gives number for 2024-01-01");
    expect(() =>
      up(
        weekly,
        daily,
        ["2024-01-07"],
        customMapping(daily, () => "2024-01-08"),
      ),
    ).toThrow("keys are written %Y-%m-%d and start at 0 0 * * 0");
    expect(() => up(region, daily, ["us"], { kind: "custom" })).toThrow("make it with customMapping");
  });

  test("a mapping that cannot lead there, or a dimension that is not clear, is refused", () => {
    expect(() => up(region, daily, ["us"], { kind: "time_window", startOffset: 0, endOffset: 0 })).toThrow(
      "a time_window partition mapping does not lead from time_window to static partitions",
    );
    expect(() => up(region, multi, ["us"], { kind: "multi_to_single", dimension: "place" })).toThrow(
      "there is no dimension place, only date, region",
    );
    const twice = multiPartitions({ from: staticPartitions(["x"]), to: staticPartitions(["y"]) });
    expect(() => up(region, twice, ["us"])).toThrow("name it in the partition mapping");
  });
});
