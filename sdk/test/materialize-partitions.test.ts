import { describe, expect, test } from "@jest/globals";
import {
  asset,
  assetIn,
  dailyPartitions,
  dynamicPartitions,
  inMemory,
  materialize,
  monthlyPartitions,
  multiPartitions,
  type PartitionsDef,
  staticPartitions,
} from "../src/index.ts";

const letters: PartitionsDef = { kind: "static", keys: ["a", "b", "c"] };

describe("partitions", () => {
  const raw = asset("raw", { partitions: letters }, ({ partitionKey }) => partitionKey.toUpperCase());
  const clean = asset("clean", { partitions: letters, inputs: { raw } }, ({ inputs }) => `${inputs.raw}!`);
  const all = asset("all", { inputs: { raw } }, ({ inputs }) => Object.entries(inputs.raw).flat());

  test("one partition is stored and loaded by its key, and named in its events", async () => {
    const result = await materialize([raw, clean], { partitionKey: "b" });
    expect(result.output(clean)).toBe("B!");
    expect(result.eventsOf("ASSET_MATERIALIZATION").map(({ partition }) => partition)).toEqual(["b", "b"]);
  });

  test("a partitioned asset without a partition is refused, saying what to do", async () => {
    await expect(materialize([raw])).rejects.toThrow(
      "step raw has partitions, and the run names none: launch it with a partition key",
    );
  });

  test("an unpartitioned asset reads all partitions by key; missing ones are named, or left out when allowed", async () => {
    const ioManager = inMemory();
    await expect(materialize([raw, all], { partitionKey: "a", resources: { ioManager } })).rejects.toThrow(
      "needs 2 of 3 partitions of raw that are not stored: b, c",
    );
    const lenient = asset(
      "lenient",
      { inputs: { raw: assetIn(raw, { allowMissing: true }) } },
      ({ inputs }) => inputs.raw,
    );
    const result = await materialize([raw, lenient], {
      partitionKey: "a",
      resources: { ioManager: inMemory() },
    });
    expect(result.output(lenient)).toEqual({ a: "A" });
    const whole = await materialize([all], { upstream: { raw: "given" } });
    expect(whole.output(all)).toEqual(["a", "given", "b", "given", "c", "given"]);
  });

  test("a run over a range hands inputs by key and takes outputs by key", async () => {
    const byKey = asset("raw", { partitions: letters }, ({ partitionKeys }) =>
      Object.fromEntries(partitionKeys.map((key) => [key, key.length])),
    );
    const next = asset("next", { partitions: letters, inputs: { byKey } }, ({ inputs }) => inputs.byKey);
    const result = await materialize([byKey, next], { partitionKeyRange: { start: "a", end: "b" } });
    expect(
      result.eventsOf("ASSET_MATERIALIZATION").map(({ asset: key, partition }) => `${key}:${partition}`),
    ).toEqual(["raw:a", "raw:b", "next:a", "next:b"]);
    expect(result.output(next, "b")).toBe(1);
    await expect(materialize([raw], { partitionKeyRange: { start: "a", end: "b" } })).rejects.toThrow(
      "runs over 2 partitions: use partitionKeys",
    );
    const scalar = asset("scalar", { partitions: letters }, () => 1);
    await expect(materialize([scalar], { partitionKeyRange: { start: "a", end: "b" } })).rejects.toThrow(
      "output result must be an object with a value for each partition key; it is a number",
    );
  });

  test("a time partition has its window, and a month reads the days in it by key", async () => {
    const start = "2024-01-30";
    const day = asset(
      "day",
      { partitions: dailyPartitions({ start, timezone: "Europe/Rome" }) },
      ({ partitionTimeWindow }) => partitionTimeWindow,
    );
    const month = asset(
      "month",
      {
        partitions: monthlyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" }),
        inputs: { day: assetIn(day, { allowMissing: true }) },
      },
      ({ inputs }) => Object.keys(inputs.day),
    );
    const memory = inMemory();
    const result = await materialize([day], { partitionKey: "2024-01-31", resources: { ioManager: memory } });
    expect(result.output(day)).toEqual({
      start: new Date("2024-01-30T23:00:00Z"),
      end: new Date("2024-01-31T23:00:00Z"),
    });
    await materialize([day], { partitionKey: "2024-02-01", resources: { ioManager: memory } });
    expect(
      (await materialize([month], { partitionKey: "2024-01-01", resources: { ioManager: memory } })).output(
        month,
      ),
    ).toEqual(["2024-01-31"]);
  });

  test("several dimensions come apart by name, and dynamic ones are asked of the run", async () => {
    const regions = staticPartitions(["eu", "us"]);
    const both = asset(
      "both",
      { partitions: multiPartitions({ region: regions, letter: letters }) },
      ({ partitionDimensions }) => partitionDimensions,
    );
    expect((await materialize([both], { partitionKey: "a|eu" })).output(both)).toEqual({
      letter: "a",
      region: "eu",
    });
    const files = asset(
      "files",
      { partitions: dynamicPartitions("files") },
      async ({ partitionKey, dynamicPartitions: dynamic }) => {
        await dynamic.add("files", ["new"]);
        return partitionKey;
      },
    );
    const seen = asset(
      "seen",
      { inputs: { files: assetIn(files, { allowMissing: true }) } },
      async ({ inputs, dynamicPartitions: dynamic }) => [
        Object.keys(inputs.files),
        await dynamic.list("files"),
      ],
    );
    const result = await materialize([files, seen], {
      partitionKey: "x",
      dynamicPartitions: { files: ["x"] },
    });
    expect(result.output(seen)).toEqual([["x"], ["x", "new"]]);
  });

  test("a key that is none of the asset's is refused with the nearest", async () => {
    const region = asset("region", { partitions: staticPartitions(["europe", "asia"]) }, () => 1);
    await expect(materialize([region], { partitionKey: "eurpe" })).rejects.toThrow(
      "step region has no partition eurpe — did you mean europe?",
    );
  });
});
