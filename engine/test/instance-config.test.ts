import { expect, test } from "@jest/globals";
import { InvalidInput } from "../src/errors.ts";
import { parseInstanceConfig } from "../src/instance/config.ts";

test("without a file the queue has Dagster's defaults and the rest is left to the processes", () => {
  expect(parseInstanceConfig(null)).toEqual({ queue: { maxConcurrentRuns: 10, tagLimits: [] } });
});

test("the keys of dagster.yaml are read", () => {
  const text = JSON.stringify({
    run_queue: {
      max_concurrent_runs: -1,
      tag_concurrency_limits: [
        { key: "db", value: "prod", limit: 2 },
        { key: "team", value: { applyLimitPerUniqueValue: true }, limit: 1 },
        { key: "any", limit: 3 },
      ],
    },
    schedules: { num_workers: 4, max_catchup_runs: 0 },
    sensors: { num_workers: 2 },
  });
  expect(parseInstanceConfig(text)).toEqual({
    queue: {
      maxConcurrentRuns: -1,
      tagLimits: [
        { key: "db", value: "prod", limit: 2 },
        { key: "team", perUniqueValue: true, limit: 1 },
        { key: "any", limit: 3 },
      ],
    },
    maxCatchupRuns: 0,
    scheduleConcurrency: 4,
    sensorConcurrency: 2,
  });
});

test.each([
  ['{"run_queue": {"max_concurrent_runs": -2}}', "run_queue.max_concurrent_runs"],
  ['{"run_queues": {}}', "run_queues"],
  ["{", "is no JSON"],
])("%s is refused", (text, told) => {
  expect(() => parseInstanceConfig(text)).toThrow(InvalidInput);
  expect(() => parseInstanceConfig(text)).toThrow(told);
});
