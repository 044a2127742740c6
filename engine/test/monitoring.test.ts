import { describe, expect, test } from "@jest/globals";
import { DEFAULT_MONITORING, overdue, overdueEvents, type RunUnderWay } from "../src/monitoring/overdue.ts";
import { decideRetry } from "../src/monitoring/retry.ts";

const run = (over: Partial<RunUnderWay>): RunUnderWay => ({
  runId: "r",
  status: "STARTED",
  attempt: 1,
  tags: {},
  startedAt: 0,
  updatedAt: 0,
  launchWaits: false,
  ...over,
});

describe("a run is overdue", () => {
  test.each([
    ["starting for less than the limit", run({ status: "STARTING" }), 179_999, null],
    ["starting for the limit", run({ status: "STARTING" }), 180_000, "start"],
    [
      "starting, but nobody has taken up its launch",
      run({ status: "STARTING", launchWaits: true }),
      1e9,
      null,
    ],
    ["being canceled for the limit", run({ status: "CANCELING" }), 180_000, "cancel"],
    ["running with no maximum", run({}), 1e9, null],
    ["running for the maximum of its tag", run({ tags: { "dagster/max_runtime": "60" } }), 60_000, "runtime"],
    ["running for less", run({ tags: { "dagster/max_runtime": "60" } }), 59_999, null],
    ["with a tag that is no time", run({ tags: { "dagster/max_runtime": "soon" } }), 1e9, null],
  ])("%s", (_, given, now, kind) => {
    expect(overdue(given, now, DEFAULT_MONITORING)?.kind ?? null).toBe(kind);
  });

  test("the tag wins over the instance's maximum, and limits may be off", () => {
    const settings = { ...DEFAULT_MONITORING, maxRuntimeMs: 10_000, startTimeoutMs: null };
    expect(overdue(run({}), 10_000, settings)?.kind).toBe("runtime");
    expect(overdue(run({ tags: { "dagster/max_runtime": "60" } }), 10_000, settings)).toBeNull();
    expect(overdue(run({ status: "STARTING" }), 1e9, settings)).toBeNull();
  });

  test("and fails with its running steps, or is taken for canceled", () => {
    const late = { kind: "runtime", message: "too long" } as const;
    expect(overdueEvents(late, ["a"], 5).map(({ type }) => type)).toEqual(["STEP_FAILURE", "RUN_FAILURE"]);
    expect(overdueEvents({ ...late, kind: "cancel" }, ["a"], 5).map(({ type }) => type)).toEqual([
      "RUN_CANCELED",
    ]);
  });
});

describe("a failed run is retried", () => {
  const failed = (tags: Record<string, string>, error = "RunFailure") => ({
    status: "FAILURE" as const,
    tags,
    error: { name: error, message: "" },
  });
  const none = { maxRetries: 0, onStepFailure: true };
  test.each([
    ["when nobody asks for it: no", failed({}), none, { retry: false, why: null }],
    [
      "by its tag",
      failed({ "dagster/max_retries": "2" }),
      none,
      { retry: true, strategy: "FROM_FAILURE", number: 1, max: 2 },
    ],
    [
      "by the instance, all steps, a second time",
      failed({ "dagster/retry_strategy": "ALL_STEPS", "dagster/retry_number": "1" }),
      { ...none, maxRetries: 3 },
      { retry: true, strategy: "ALL_STEPS", number: 2, max: 3 },
    ],
    [
      "not more often than its tag says, whatever the instance says",
      failed({ "dagster/max_retries": "0" }),
      { ...none, maxRetries: 3 },
      { retry: false, why: null },
    ],
    [
      "no more when it was often enough",
      failed({ "dagster/max_retries": "1", "dagster/retry_number": "1" }),
      none,
      { retry: false, why: "it was retried 1 time, as often as it may be" },
    ],
    [
      "for its worker only, when steps do not count",
      failed({ "dagster/max_retries": "1" }, "WorkerExit"),
      { maxRetries: 0, onStepFailure: false },
      { retry: true, strategy: "FROM_FAILURE", number: 1, max: 1 },
    ],
  ])("%s", (_, given, settings, expected) => expect(decideRetry(given, settings)).toEqual(expected));

  test("steps that do not count, by instance or tag", () => {
    const off = { maxRetries: 2, onStepFailure: false };
    expect(decideRetry(failed({}), off)).toMatchObject({
      retry: false,
      why: expect.stringMatching(/steps failed/),
    });
    expect(decideRetry(failed({ "dagster/retry_on_asset_or_op_failure": "true" }), off).retry).toBe(true);
    expect(
      decideRetry(
        failed({ "dagster/retry_on_asset_or_op_failure": "False", "dagster/max_retries": "1" }),
        none,
      ).retry,
    ).toBe(false);
  });
});
