import { describe, expect, test } from "@jest/globals";
import type { RunRow, RunStatus } from "../src/graphql/generated/operations.ts";
import { timelineLayout } from "../src/overview/timeline-layout.ts";
import { keptTags } from "../src/run/kept-tags.ts";
import { heldBackBy } from "../src/run/queued.ts";
import { runsFilter, runTitle, visibleTags } from "../src/runs/run-list.ts";
import { list, oneOf, present, someOf, text, whole } from "../src/search-params.ts";
import { best, rank } from "../src/shell/rank.ts";

function run(
  id: string,
  job: string,
  start: number,
  end: number | null,
  status: RunStatus = end === null ? "STARTED" : "SUCCESS",
): RunRow {
  return {
    __typename: "Run",
    id,
    runId: id,
    status,
    jobName: job,
    creationTime: start,
    startTime: start,
    endTime: end,
    updateTime: end,
    canTerminate: end === null,
    rootRunId: null,
    parentRunId: null,
    tags: [],
    repositoryOrigin: {
      __typename: "RepositoryOrigin",
      repositoryName: "__repository__",
      repositoryLocationName: "main",
    },
    assetSelectionCount: 0,
    assetSelection: null,
  };
}

describe("timeline", () => {
  test("one row a job; overlapping runs go under each other, a run in progress reaches now", () => {
    const rows = timelineLayout(
      [run("1", "a", 10, 20), run("2", "a", 15, null), run("3", "b", 50, 60), run("4", "a", 40, 45)],
      { from: 0, to: 100_000, width: 1000 },
    );
    expect(rows.map((r) => [r.label, r.lanes])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(rows[0]?.bars.map((b) => [b.run.runId, b.x, b.width, b.lane])).toEqual([
      ["1", 100, 100, 0],
      ["2", 150, 850, 1],
      ["4", 400, 50, 0],
    ]);
  });
  test("what ended before the window is left out, what began before it is cut", () => {
    const rows = timelineLayout([run("old", "a", 1, 2), run("long", "a", 1, 60)], {
      from: 50_000,
      to: 100_000,
      width: 500,
    });
    expect(rows[0]?.bars.map((b) => [b.run.runId, b.x, b.width])).toEqual([["long", 0, 100]]);
  });
});

describe("runs list", () => {
  test("filters become the server's", () => {
    expect(
      runsFilter(
        { status: ["FAILURE"], job: "nightly", tag: ["team=data", "bare"], location: "shop", within: "1h" },
        7_200_000,
      ),
    ).toEqual({
      statuses: ["FAILURE"],
      pipelineName: "nightly",
      tags: [
        { key: "team", value: "data" },
        { key: "bare", value: "" },
        { key: ".dagster/repository", value: "__repository__@shop" },
      ],
      createdAfter: 3600,
    });
    expect(runsFilter({}, 0)).toEqual({});
  });
  test("a run of picked assets is called by them", () => {
    const key = (name: string) => ({ __typename: "AssetKey" as const, path: ["x", name] });
    expect(
      runTitle({
        jobName: "__ASSET_JOB",
        assetSelection: [key("a"), key("b"), key("c")],
        assetSelectionCount: 9,
      }),
    ).toBe("a, b +7");
    expect(runTitle({ jobName: "nightly", assetSelection: null, assetSelectionCount: 0 })).toBe("nightly");
  });
  test("the machine's own tags are hidden, the partition is not", () => {
    expect(
      visibleTags([
        { key: "dagster/partition", value: "p" },
        { key: "dagster/priority", value: "1" },
        { key: ".dagster/repository", value: "r" },
        { key: "team", value: "t" },
      ]).map((t) => t.key),
    ).toEqual(["dagster/partition", "team"]);
  });
});

test("malformed search parameters count as absent", () => {
  expect([
    text({}),
    text(""),
    text(5),
    list("a"),
    list([1, {}]),
    oneOf("x", ["a"]),
    someOf(["a", "z"], ["a", "b"]),
    whole("7"),
    whole("-1"),
    whole("x"),
  ]).toEqual([undefined, undefined, "5", ["a"], ["1"], undefined, ["a"], 7, undefined, undefined]);
  expect(present({ a: undefined, b: 1 })).toEqual({ b: 1 });
});

test("search ranks exact before prefix before word before letters in order", () => {
  expect(best("rev", ["forever", "daily_revenue", "revenue", "rev", "xyz"], (t) => t, 10)).toEqual(
    ["rev", "revenue", "daily_revenue"].concat(["forever"]).filter((t) => rank("rev", t) !== null),
  );
  expect(rank("dlr", "daily_revenue")).not.toBeNull();
  expect(rank("zzz", "daily_revenue")).toBeNull();
});

test("a re-execution takes over the user's tags and the partition, with nothing else of the answer", () => {
  const tag = (key: string) => ({ __typename: "PipelineTag" as const, key, value: "x" });
  const all = ["team", "dagster/partition", "dagster/backfill", ".dagster/repository"].map(tag);
  expect(keptTags(all)).toEqual([
    { key: "team", value: "x" },
    { key: "dagster/partition", value: "x" },
  ]);
});

test("a run in the queue is told what holds it back", () => {
  const slot = { __typename: "ClaimedConcurrencySlot" as const, runId: "other" };
  const pool = (concurrencyKey: string, limit: number | null, held: number) => ({
    __typename: "ConcurrencyKeyInfo" as const,
    concurrencyKey,
    limit,
    claimedSlots: Array.from({ length: held }, () => slot),
  });
  const why = (maxConcurrentRuns: number, rootConcurrencyKeys: string[]) =>
    heldBackBy({
      __typename: "Query",
      runOrError: { __typename: "Run", id: "r", rootConcurrencyKeys },
      instance: {
        __typename: "Instance",
        id: "i",
        runQueueConfig: { __typename: "RunQueueConfig", maxConcurrentRuns },
        concurrencyLimits: [
          pool("paused", 0, 0),
          pool("full", 2, 2),
          pool("free", 2, 1),
          pool("open", null, 9),
        ],
      },
    });
  expect(why(0, ["full"])).toEqual(["The queue is paused: max_concurrent_runs is 0."]);
  expect(why(10, ["paused", "full", "free", "open"])).toEqual([
    "Pool paused is paused.",
    "Pool full has no free slot, of 2.",
  ]);
  expect(why(10, [])).toEqual([]);
});
