import { describe, expect, test } from "@jest/globals";
import { ganttLayout } from "../src/run/gantt-layout.ts";
import { countSteps, StepFold } from "../src/run/steps.ts";

const event = (timestamp: number, eventType: string, stepKey: string | null = null, more: object = {}) => ({
  timestamp: String(timestamp),
  eventType,
  stepKey,
  ...more,
});

describe("steps from events", () => {
  test("a step that fails, waits and succeeds has two attempts", () => {
    const fold = new StepFold();
    fold.plan([
      { key: "a", upstream: [] },
      { key: "b", upstream: ["a"] },
    ]);
    const events = [
      event(0, "RUN_START"),
      event(10, "STEP_START", "a"),
      event(30, "STEP_UP_FOR_RETRY", "a", { secondsToWait: 2 }),
    ];
    fold.push(events);
    expect(fold.steps.get("a")).toMatchObject({ state: "retry", retryAt: 2030 });
    events.push(
      event(2030, "STEP_RESTARTED", "a"),
      event(2031, "STEP_START", "a"),
      event(2050, "STEP_SUCCESS", "a"),
    );
    fold.push(events);
    expect(fold.steps.get("a")).toMatchObject({
      state: "success",
      attempts: [
        { start: 10, end: 30, failed: true },
        { start: 2030, end: 2050, failed: false },
      ],
    });
    expect(countSteps(fold.steps.values())).toMatchObject({ success: 1, waiting: 1 });
  });

  test("when the run ends, what ran has failed with it and what waited is skipped", () => {
    const fold = new StepFold();
    fold.plan([{ key: "b", upstream: ["a"] }]);
    fold.push([event(5, "STEP_START", "a"), event(9, "RUN_FAILURE")]);
    fold.plan([{ key: "c", upstream: [] }]);
    expect([...fold.steps.values()].map((s) => [s.key, s.state])).toEqual([
      ["b", "skipped"],
      ["a", "failure"],
      ["c", "skipped"],
    ]);
    expect(fold.ended).toBe(9);
  });

  test("the plan may arrive after the events", () => {
    const fold = new StepFold();
    fold.push([event(5, "STEP_START", "b")]);
    fold.plan([{ key: "b", upstream: ["a"] }]);
    expect(fold.steps.get("b")).toMatchObject({ state: "running", upstream: ["a"] });
  });
});

test("bars lie on the axis in order of start, a running one reaches now, the shortest can still be seen", () => {
  const fold = new StepFold();
  fold.push([
    event(500, "STEP_START", "late"),
    event(0, "STEP_START", "first"),
    event(1, "STEP_SUCCESS", "first"),
  ]);
  fold.plan([{ key: "waits", upstream: [] }]);
  const gantt = ganttLayout(fold.steps.values(), { from: 0, to: 1000, width: 1000, now: 900, step: 250 });
  expect(gantt.rows.map((r) => r.key)).toEqual(["first", "late", "waits"]);
  expect(gantt.rows[0]?.bars[0]).toMatchObject({ x: 0, width: 3, state: "success" });
  expect(gantt.rows[1]?.bars[0]).toMatchObject({ x: 500, width: 400, state: "running", end: null });
  expect(gantt.rows[2]?.bars).toEqual([]);
  // The last has no room for its text.
  expect(gantt.marks.map((m) => m.x)).toEqual([0, 250, 500, 750]);
});
