import { describe, expect, test } from "@jest/globals";
import { keyFromUrl, keyToUrl } from "../src/assets/key.ts";
import { assetState } from "../src/assets/latest.ts";
import { partitionStates, segments } from "../src/assets/partition-status.ts";
import { sparkOf } from "../src/assets/Sparkline.tsx";
import { opEntries } from "../src/jobs/op-graph.ts";
import { executionParams, targetsOf } from "../src/launch/launch.ts";
import { commonKeys, rangeOf } from "../src/launch/partitions.ts";
import { byPartition, seriesOf } from "../src/metadata/series.ts";

test("an asset key survives the URL, also with slashes and percent signs in a part", () => {
  for (const key of [["a"], ["a", "b"], ["a/b", "c%2F"], ["100%"]])
    expect(keyFromUrl(keyToUrl(key))).toEqual(key);
});

describe("state of an asset", () => {
  const info = (more: object) => ({
    __typename: "AssetLatestInfo" as const,
    id: "x",
    assetKey: { __typename: "AssetKey" as const, path: ["x"] },
    unstartedRunIds: [],
    inProgressRunIds: [],
    latestRun: null,
    latestMaterialization: null,
    ...more,
  });
  const made = {
    latestMaterialization: {
      __typename: "MaterializationEvent" as const,
      timestamp: "5000",
      runId: "r1",
      partition: null,
    },
  };
  const failed = (endTime: number) => ({
    latestRun: { __typename: "Run" as const, id: "r2", runId: "r2", status: "FAILURE" as const, endTime },
  });
  test.each([
    [{}, "Never materialized", null],
    [made, "Materialized", "r1"],
    [{ ...made, ...failed(6) }, "Failed", "r2"],
    [{ ...made, ...failed(4) }, "Materialized", "r1"],
    [{ ...made, stale: true }, "Stale", "r1"],
    [{ ...made, inProgressRunIds: ["r3"] }, "Materializing", "r3"],
    [{ unstartedRunIds: ["r4"] }, "Queued", "r4"],
  ])("%j", (more, label, runId) => {
    expect(assetState(info(more), true)).toMatchObject({ label, runId });
  });
});

describe("partitions", () => {
  const keys = ["1", "2", "3", "4"];
  const dimension = (name: string, partitionKeys: string[]) => ({
    __typename: "DimensionPartitionKeys" as const,
    name,
    type: "STATIC" as const,
    partitionKeys,
  });
  const base = {
    __typename: "AssetNode" as const,
    id: "x",
    partitionStats: null,
    partitionDefinition: null,
    repository: {
      __typename: "Repository" as const,
      id: "r",
      name: "r",
      location: { __typename: "RepositoryLocation" as const, id: "l", name: "l" },
    },
  };
  test("ranges of time windows are spread over their keys", () => {
    const states = partitionStates({
      ...base,
      partitionKeysByDimension: [dimension("default", keys)],
      assetPartitionStatuses: {
        __typename: "TimePartitionStatuses",
        ranges: [
          { __typename: "TimePartitionRangeStatus", startKey: "1", endKey: "2", status: "MATERIALIZED" },
          { __typename: "TimePartitionRangeStatus", startKey: "4", endKey: "4", status: "FAILED" },
        ],
      },
    });
    expect(segments(states).map((s) => [s.first, s.last, s.state])).toEqual([
      ["1", "2", "MATERIALIZED"],
      ["3", "3", "MISSING"],
      ["4", "4", "FAILED"],
    ]);
  });
  test("two dimensions are crossed, whichever is primary", () => {
    const states = partitionStates({
      ...base,
      partitionKeysByDimension: [dimension("city", ["rome", "oslo"]), dimension("day", ["d1", "d2"])],
      assetPartitionStatuses: {
        __typename: "MultiPartitionStatuses",
        primaryDimensionName: "day",
        ranges: [
          {
            __typename: "MaterializedPartitionRangeStatuses2D",
            primaryDimStartKey: "d2",
            primaryDimEndKey: "d2",
            secondaryDim: {
              __typename: "DefaultPartitionStatuses",
              materializedPartitions: ["oslo"],
              failedPartitions: [],
              materializingPartitions: [],
            },
          },
        ],
      },
    });
    expect(states.filter((s) => s.state === "MATERIALIZED").map((s) => s.key)).toEqual(["oslo|d2"]);
    expect(states).toHaveLength(4);
  });
  test("a range runs from the earlier to the later key; keys of several assets are those they share", () => {
    expect(rangeOf(keys, "3", "2")).toEqual(["2", "3"]);
    expect(rangeOf(keys, "3", "9")).toEqual([]);
    expect(commonKeys([keys, ["2", "4", "6"]])).toEqual(["2", "4"]);
    expect(commonKeys([])).toEqual([]);
  });
});

const number = (label: string, value: number) => ({
  __typename: "FloatMetadataEntry" as const,
  label,
  description: null,
  floatValue: value,
  floatRepr: String(value),
});

test("numeric metadata becomes series, oldest first, and the last value of each partition", () => {
  const events = [
    { timestamp: "300", partition: "b", metadataEntries: [number("rows", 3)] },
    { timestamp: "200", partition: "a", metadataEntries: [number("rows", 2), number("nan", Number.NaN)] },
    { timestamp: "100", partition: "b", metadataEntries: [number("rows", 1)] },
  ];
  const [rows, ...rest] = seriesOf(events);
  expect(rest).toEqual([]);
  expect(rows?.points.map((p) => p.value)).toEqual([1, 2, 3]);
  expect(rows && byPartition(rows).map((p) => [p.partition, p.value])).toEqual([
    ["a", 2],
    ["b", 3],
  ]);
  expect(sparkOf(events)).toEqual({ label: "rows", values: [1, 2, 3] });
});

test("assets of two locations are launched as two runs, sources are left out", () => {
  const asset = (id: string, location: string, materializable = true) => ({
    id,
    path: [id],
    group: "",
    kinds: [],
    owners: [],
    tags: [],
    location,
    repository: "__repository__",
    upstream: [],
    downstream: [],
    partitioned: false,
    materializable,
    checked: false,
    jobs: [],
  });
  const targets = targetsOf([
    asset("a", "one"),
    asset("b", "two"),
    asset("c", "one"),
    asset("s", "one", false),
  ]);
  expect(targets.map((t) => t.target)).toEqual([
    { location: "one", repository: "__repository__", job: "__ASSET_JOB", assets: [["a"], ["c"]] },
    { location: "two", repository: "__repository__", job: "__ASSET_JOB", assets: [["b"]] },
  ]);
  expect(
    executionParams(
      { location: "l", repository: "r", job: "j" },
      { config: " ", partition: "p", tags: [{ key: "k", value: "v" }] },
    ),
  ).toEqual({
    selector: { repositoryLocationName: "l", repositoryName: "r", pipelineName: "j" },
    mode: "default",
    executionMetadata: {
      tags: [
        { key: "k", value: "v" },
        { key: "dagster/partition", value: "p" },
      ],
    },
  });
});

test("ops of a graph within a job are a group, and edges reach into it", () => {
  const handle = (handleID: string, parent: string | null, dependsOn: string[] = []) => ({
    handleID,
    parent: parent === null ? null : { handleID: parent },
    solid: {
      name: handleID.split(".").at(-1) ?? "",
      definition: { assetNodes: [] },
      inputs: [{ dependsOn: dependsOn.map((name) => ({ solid: { name } })) }],
    },
  });
  const entries = opEntries([
    handle("load", null),
    handle("clean", null, ["load"]),
    handle("clean.trim", "clean"),
    handle("clean.sort", "clean", ["trim"]),
    handle("save", null, ["clean"]),
  ]);
  expect(entries.map((e) => [e.id, e.group, e.upstream])).toEqual([
    ["load", "", []],
    ["clean.trim", "clean", ["load"]],
    ["clean.sort", "clean", ["clean.trim"]],
    ["save", "", ["clean.sort"]],
  ]);
});
