import type { RunEvent, RunStatus } from "@dagster-operator/sdk/internal";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { StepRecord } from "../src/ports/run-storage.ts";
import { type FoldEvent, type FoldState, fold, foldNeeds, type RunFoldState } from "../src/run-state/fold.ts";
import { nextStatus } from "../src/run-state/status.ts";

const at = (ts: number) => ({ ts, level: "INFO" as const, message: "it happened" });
const queued: RunFoldState = {
  status: "QUEUED",
  startedAt: null,
  endedAt: null,
  error: null,
  stepsTotal: 0,
  stepsDone: 0,
};
const numbered = (events: RunEvent[]): FoldEvent[] =>
  events.map((event, index) => ({ id: index + 1, event }));
const foldAll = (events: RunEvent[], status: RunStatus = "STARTED") =>
  fold({ run: { ...queued, status }, steps: [] }, numbered(events));

describe("the run state machine", () => {
  const statuses = [
    "QUEUED",
    "NOT_STARTED",
    "STARTING",
    "STARTED",
    "CANCELING",
    "SUCCESS",
    "FAILURE",
    "CANCELED",
  ] as const;
  const table: Record<string, (RunStatus | null)[]> = {
    RUN_ENQUEUED: [null, "QUEUED", null, null, null, null, null, null],
    RUN_DEQUEUED: ["NOT_STARTED", null, null, null, null, null, null, null],
    RUN_STARTING: ["STARTING", "STARTING", null, null, null, null, null, null],
    RUN_START: [null, "STARTED", "STARTED", null, null, null, null, null],
    RUN_SUCCESS: [null, null, "SUCCESS", "SUCCESS", "SUCCESS", null, null, null],
    RUN_FAILURE: ["FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE", null, null, null],
    RUN_CANCELING: ["CANCELING", "CANCELING", "CANCELING", "CANCELING", null, null, null, null],
    RUN_CANCELED: ["CANCELED", "CANCELED", "CANCELED", "CANCELED", "CANCELED", null, null, null],
    STEP_SUCCESS: [null, null, null, null, null, null, null, null],
  };
  test.each(Object.entries(table))("%s leads from each status to where the table says", (type, expected) => {
    expect(statuses.map((status) => nextStatus(status, type as RunEvent["type"]))).toEqual(expected);
  });
});

describe("folding", () => {
  test("a run that goes well has its times, its steps and its counts", () => {
    const result = fold(
      { run: queued, steps: [] },
      numbered([
        { type: "RUN_DEQUEUED", ...at(1) },
        { type: "RUN_STARTING", ...at(2) },
        {
          type: "RUN_PLAN",
          ...at(3),
          steps: [
            { key: "a", node: "a", assets: [["a"]], upstream: [] },
            { key: "b", node: "b", assets: [], upstream: ["a"] },
            { key: "c[?]", node: "c", assets: [], upstream: ["b"] },
          ],
          assets: [["a"]],
        },
        { type: "RUN_START", ...at(4) },
        { type: "STEP_START", ...at(5), stepKey: "a" },
        { type: "ASSET_MATERIALIZATION", ...at(6), stepKey: "a", asset: ["a"], metadata: {} },
        { type: "STEP_SUCCESS", ...at(7), stepKey: "a", durationMs: 2 },
        { type: "STEP_SKIPPED", ...at(8), stepKey: "b" },
        { type: "RUN_SUCCESS", ...at(9) },
      ]),
    );
    expect(result.run).toEqual({
      status: "SUCCESS",
      startedAt: 4,
      endedAt: 9,
      error: null,
      stepsTotal: 2,
      stepsDone: 2,
    });
    expect(result.ended).toBe("SUCCESS");
    expect(result.plannedAssets).toEqual([["a"]]);
    expect(result.steps).toEqual([
      { stepKey: "a", status: "SUCCESS", attempts: 1, startedAt: 5, endedAt: 7, error: null },
      { stepKey: "b", status: "SKIPPED", attempts: 0, startedAt: null, endedAt: 8, error: null },
    ]);
    expect(result.assets).toEqual([
      {
        asset: ["a"],
        partition: null,
        planned: true,
        materialization: 6,
        observation: null,
        status: "MATERIALIZED",
      },
    ]);
  });

  test("a retry is one more attempt, told by STEP_RESTARTED, by STEP_START or by both", () => {
    const start: RunEvent = { type: "STEP_START", ...at(1), stepKey: "a" };
    const retry: RunEvent = {
      type: "STEP_UP_FOR_RETRY",
      ...at(2),
      stepKey: "a",
      secondsToWait: 0,
      attempt: 1,
    };
    const restarted: RunEvent = { type: "STEP_RESTARTED", ...at(3), stepKey: "a", attempt: 2 };
    for (const again of [[restarted], [{ ...start, ts: 3 }], [restarted, { ...start, ts: 4 }]]) {
      const [step] = foldAll([start, retry, ...again]).steps;
      expect(step).toMatchObject({ status: "IN_PROGRESS", attempts: 2, startedAt: 1 });
    }
  });

  test("a run that fails takes its running steps and those waiting for a retry with it", () => {
    const error = { name: "Error", message: "no memory" };
    const result = foldAll([
      { type: "STEP_START", ...at(1), stepKey: "a" },
      { type: "STEP_START", ...at(2), stepKey: "b" },
      {
        type: "STEP_UP_FOR_RETRY",
        ...at(3),
        stepKey: "b",
        secondsToWait: 9,
        attempt: 1,
        error: { name: "E", message: "flaky" },
      },
      { type: "RUN_FAILURE", ...at(4), error },
    ]);
    expect(result.run).toMatchObject({ status: "FAILURE", error, stepsDone: 2, endedAt: 4 });
    expect(result.steps.map(({ stepKey, status, error: why }) => [stepKey, status, why?.message])).toEqual([
      ["a", "FAILURE", "no memory"],
      ["b", "FAILURE", "flaky"],
    ]);
  });

  test("steps that ran when a run was canceled are canceled", () => {
    const { steps, run } = foldAll([
      { type: "STEP_START", ...at(1), stepKey: "a" },
      { type: "RUN_CANCELING", ...at(2) },
      { type: "RUN_CANCELED", ...at(3) },
    ]);
    expect(run.status).toBe("CANCELED");
    expect(steps).toMatchObject([{ stepKey: "a", status: "CANCELED", endedAt: 3 }]);
  });

  test("what comes after the end changes neither status nor steps, but a materialization is still true", () => {
    const { run, steps, assets } = foldAll(
      [
        { type: "STEP_SUCCESS", ...at(8), stepKey: "a", durationMs: 1 },
        { type: "ASSET_MATERIALIZATION_PLANNED", ...at(8), asset: ["x"] },
        { type: "ASSET_MATERIALIZATION", ...at(8), asset: ["a"], partition: "p", metadata: {} },
        { type: "RUN_SUCCESS", ...at(9) },
      ],
      "FAILURE",
    );
    expect(run.status).toBe("FAILURE");
    expect(steps).toEqual([]);
    expect(assets.map(({ status }) => status)).toEqual([null, "MATERIALIZED"]);
  });

  test("mapped copies count when they are first seen, also with a second plan", () => {
    const plan: RunEvent = {
      type: "RUN_PLAN",
      ...at(1),
      steps: [{ key: "make", node: "make", assets: [], upstream: [] }],
      assets: [],
    };
    const copy = (key: string): RunEvent => ({ type: "STEP_START", ...at(2), stepKey: `each[${key}]` });
    expect(foldAll([plan, copy("x"), copy("y"), plan, copy("x")]).run.stepsTotal).toBe(3);
  });

  test("the newest evaluation of a check wins, by partition", () => {
    const evaluation = (passed: boolean, partition?: string): RunEvent => ({
      type: "ASSET_CHECK_EVALUATION",
      ...at(1),
      asset: ["a"],
      check: "is_good",
      severity: "ERROR",
      metadata: {},
      passed,
      ...(partition === undefined ? {} : { partition }),
    });
    const { checks } = foldAll([evaluation(true), evaluation(false), evaluation(true, "p")]);
    expect(checks.map(({ partition, passed, evaluation: id }) => [partition, passed, id])).toEqual([
      [null, false, 2],
      ["p", true, 3],
    ]);
  });

  test("any split of the events into batches gives the same state", () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 40 }),
        fc.array(fc.nat(40), { maxLength: 6 }),
        (events, cuts) => {
          const whole = replay([numbered(events)]);
          const bounds = [
            0,
            ...cuts.map((cut) => Math.min(cut, events.length)).sort((a, b) => a - b),
            events.length,
          ];
          const all = numbered(events);
          const parts = bounds.slice(1).map((end, index) => all.slice(bounds[index], end));
          expect(replay(parts)).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("the number of ended steps is that of the step rows", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const { run, steps } = replay([numbered(events)]);
        const ended = Object.values(steps).filter(({ endedAt }) => endedAt !== null);
        expect(run.stepsDone).toBe(ended.length);
        if (run.endedAt !== null) expect(ended.length).toBe(Object.keys(steps).length);
      }),
    );
  });
});

/** What storage does with a fold, on plain objects: reads only the rows that `foldNeeds` names, and upserts. */
function replay(batches: FoldEvent[][]) {
  let run: RunFoldState = { ...queued };
  const steps: Record<string, StepRecord> = {};
  const assets: Record<
    string,
    { materialization: number | null; observation: number | null; planned: boolean; status: string | null }
  > = {};
  const checks: Record<string, unknown> = {};
  for (const events of batches) {
    const { stepKeys, open } = foldNeeds(events);
    const rows = Object.values(steps).filter(
      ({ stepKey, status }) =>
        stepKeys.includes(stepKey) || (open && ["IN_PROGRESS", "UP_FOR_RETRY"].includes(status)),
    );
    const state: FoldState = { run, steps: rows };
    const before = structuredClone(state);
    const result = fold(state, events);
    expect(state).toEqual(before);
    run = result.run;
    for (const row of result.steps) steps[row.stepKey] = row;
    for (const { asset, partition, ...change } of result.assets) {
      const key = JSON.stringify([asset, partition]);
      const old = assets[key];
      assets[key] = {
        planned: change.planned || (old?.planned ?? false),
        materialization: change.materialization ?? old?.materialization ?? null,
        observation: change.observation ?? old?.observation ?? null,
        status: change.status ?? old?.status ?? null,
      };
    }
    for (const check of result.checks)
      checks[JSON.stringify([check.asset, check.check, check.partition])] = check;
    if (!result.ended) continue;
    for (const asset of Object.values(assets)) {
      if (asset.status !== "IN_PROGRESS") continue;
      asset.status =
        result.ended === "FAILURE" ? "FAILED" : asset.materialization === null ? null : "MATERIALIZED";
    }
  }
  return { run, steps, assets, checks };
}

const stepKey = fc.constantFrom("a", "b", "c[x]", "c[y]");
const asset = fc.constantFrom<string[]>(["a"], ["b", "c"]);
const partition = fc.constantFrom({}, { partition: "p" });
const ts = fc.nat(1000);
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  ts.map((t): RunEvent => ({ type: "RUN_DEQUEUED", ...at(t) })),
  ts.map((t): RunEvent => ({ type: "RUN_STARTING", ...at(t) })),
  { weight: 3, arbitrary: ts.map((t): RunEvent => ({ type: "RUN_START", ...at(t) })) },
  ts.map((t): RunEvent => ({ type: "RUN_CANCELING", ...at(t) })),
  fc
    .tuple(ts, fc.constantFrom("RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"))
    .map(([t, type]): RunEvent => ({ type, ...at(t) })),
  fc.tuple(ts, fc.subarray(["a", "b", "c[?]"])).map(
    ([t, keys]): RunEvent => ({
      type: "RUN_PLAN",
      ...at(t),
      steps: keys.map((key) => ({ key, node: key, assets: [], upstream: [] })),
      assets: [["a"]],
    }),
  ),
  {
    weight: 4,
    arbitrary: fc
      .tuple(ts, stepKey)
      .map(([t, key]): RunEvent => ({ type: "STEP_START", ...at(t), stepKey: key })),
  },
  fc
    .tuple(ts, stepKey)
    .map(([t, key]): RunEvent => ({ type: "STEP_SUCCESS", ...at(t), stepKey: key, durationMs: 1 })),
  fc.tuple(ts, stepKey).map(([t, key]): RunEvent => ({ type: "STEP_FAILURE", ...at(t), stepKey: key })),
  fc.tuple(ts, stepKey).map(([t, key]): RunEvent => ({ type: "STEP_SKIPPED", ...at(t), stepKey: key })),
  fc
    .tuple(ts, stepKey)
    .map(([t, key]): RunEvent => ({ type: "STEP_RESTARTED", ...at(t), stepKey: key, attempt: 2 })),
  fc.tuple(ts, stepKey).map(
    ([t, key]): RunEvent => ({
      type: "STEP_UP_FOR_RETRY",
      ...at(t),
      stepKey: key,
      secondsToWait: 1,
      attempt: 1,
    }),
  ),
  fc
    .tuple(ts, asset, partition)
    .map(([t, key, p]): RunEvent => ({ type: "ASSET_MATERIALIZATION_PLANNED", ...at(t), asset: key, ...p })),
  fc.tuple(ts, asset, partition).map(
    ([t, key, p]): RunEvent => ({
      type: "ASSET_MATERIALIZATION",
      ...at(t),
      asset: key,
      metadata: {},
      ...p,
    }),
  ),
  fc
    .tuple(ts, asset, partition)
    .map(
      ([t, key, p]): RunEvent => ({ type: "ASSET_OBSERVATION", ...at(t), asset: key, metadata: {}, ...p }),
    ),
);
