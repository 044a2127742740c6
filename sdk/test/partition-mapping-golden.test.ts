import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { PartitionMapping, PartitionsDef } from "../src/model/definitions.ts";
import {
  dailyPartitions,
  downstreamPartitionKeys,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  partitionKeys,
  staticPartitions,
  upstreamPartitionKeys,
  weeklyPartitions,
} from "../src/partitions/index.ts";

type Spec =
  | { kind: "daily" | "hourly" | "weekly" | "monthly"; start: string; timezone?: string }
  | { kind: "static"; keys: string[] }
  | { kind: "multi"; dimensions: Record<string, Spec> };
interface Case {
  downstream: Spec;
  upstream: Spec;
  mapping: PartitionMapping;
  now: string;
  up: Record<string, string[]>;
  down: Record<string, string[]>;
}

const TIME = {
  daily: dailyPartitions,
  hourly: hourlyPartitions,
  weekly: weeklyPartitions,
  monthly: monthlyPartitions,
};
function definition(spec: Spec): PartitionsDef {
  if (spec.kind === "static") return staticPartitions(spec.keys);
  if (spec.kind === "multi")
    return multiPartitions(
      Object.fromEntries(Object.entries(spec.dimensions).map(([name, inner]) => [name, definition(inner)])),
    );
  const { kind, ...options } = spec;
  return TIME[kind](options);
}

describe("as Dagster 1.13.27 maps", () => {
  const golden: Case[] = JSON.parse(
    readFileSync(new URL("./fixtures/mappings_golden.json", import.meta.url), "utf8"),
  );
  test.each(
    golden.map(
      (one) =>
        [`${one.downstream.kind} of ${one.upstream.kind} by ${JSON.stringify(one.mapping)}`, one] as const,
    ),
  )("%s", (_, one) => {
    const [downstream, upstream] = [definition(one.downstream), definition(one.upstream)];
    const of = { downstream, upstream, mapping: one.mapping, now: Date.parse(one.now), dynamic: () => [] };
    const answers = (ask: typeof upstreamPartitionKeys, keys: string[]) =>
      Object.fromEntries(keys.map((key) => [key, ask({ ...of, keys: [key] })?.toSorted()]));
    expect(answers(upstreamPartitionKeys, Object.keys(one.up))).toEqual(one.up);
    expect(answers(downstreamPartitionKeys, Object.keys(one.down))).toEqual(one.down);
  });
});

describe("up and down are inverse", () => {
  const start = fc.integer({ min: 1, max: 20 }).map((day) => `2024-03-${String(day).padStart(2, "0")}`);
  const zone = fc.constantFrom("UTC", "Europe/Rome", "America/New_York", "Asia/Kathmandu");
  const time = fc
    .record({
      make: fc.constantFrom(dailyPartitions, weeklyPartitions, monthlyPartitions),
      start,
      timezone: zone,
    })
    .map(({ make, ...options }) => make(options));
  const cities = ["rome", "la", "ny", "oslo"];
  const named = fc.subarray(cities, { minLength: 1 }).map((keys) => staticPartitions(keys));
  const offsets = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }));
  const timed = fc.record({
    downstream: time,
    upstream: time,
    mapping: offsets
      .map(([a, b]) => ({ startOffset: Math.min(a, b), endOffset: Math.max(a, b) }))
      .map((shift): PartitionMapping => ({ kind: "time_window", ...shift })),
  });
  const other = fc.record({
    downstream: named,
    upstream: named,
    mapping: fc.oneof(
      fc.constantFrom<PartitionMapping>({ kind: "identity" }, { kind: "all" }, { kind: "last" }),
      fc
        .array(fc.tuple(fc.constantFrom(...cities), fc.subarray(cities)))
        .map(
          (rows): PartitionMapping => ({ kind: "static", downstreamByUpstream: Object.fromEntries(rows) }),
        ),
    ),
  });
  const multi = fc
    .record({ a: time, b: named, single: fc.boolean(), down: fc.boolean() })
    .map(({ a, b, single, down }) => {
      const both = multiPartitions({ a, b });
      const one = single ? a : b;
      const mapping: PartitionMapping = { kind: "multi_to_single", dimension: single ? "a" : "b" };
      return down
        ? { downstream: both, upstream: one, mapping }
        : { downstream: one, upstream: both, mapping };
    });

  test("a partition needs another exactly when the other leads to it", () => {
    fc.assert(
      fc.property(fc.oneof(timed, other, multi), ({ downstream, upstream, mapping }) => {
        const at = { now: Date.parse("2024-04-15T12:00:00Z"), dynamic: () => [] };
        const of = {
          downstream: downstream as PartitionsDef,
          upstream: upstream as PartitionsDef,
          mapping,
          ...at,
        };
        const [downs, ups] = [partitionKeys(of.downstream, at), partitionKeys(of.upstream, at)];
        const needs = new Set(
          downs.flatMap((key) =>
            (upstreamPartitionKeys({ ...of, keys: [key] }) ?? []).map((up) => `${up} → ${key}`),
          ),
        );
        const leads = new Set(
          ups.flatMap((key) =>
            (downstreamPartitionKeys({ ...of, keys: [key] }) ?? []).map((down) => `${key} → ${down}`),
          ),
        );
        expect([...leads].toSorted()).toEqual([...needs].toSorted());
      }),
      { numRuns: 300 },
    );
  });
});
