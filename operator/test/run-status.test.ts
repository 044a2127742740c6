import type { RunRecord } from "@dagster-operator/engine";
import { expect, test } from "@jest/globals";
import { refused, runStatus } from "../src/run/decide.ts";
import type { RunObject } from "../src/run/run-objects.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const object: RunObject = {
  metadata: { name: "x", namespace: "ns", generation: 1 },
  spec: { codeLocation: "l" },
};
const run = (fields: Partial<RunRecord>) =>
  ({
    runId: "r",
    location: "l",
    status: "QUEUED",
    stepsTotal: 2,
    stepsDone: 0,
    startedAt: null,
    endedAt: null,
    ...fields,
  }) as RunRecord;

test("a run of a job of assets tells the job; one of assets alone has none", () => {
  const jobOf = (fields: Partial<RunRecord>) => runStatus(object, run(fields), null, NOW).job;
  expect(jobOf({ job: "daily", assets: null })).toBe("daily");
  expect(jobOf({ job: "daily", assets: [["orders"]] })).toBe("daily");
  expect(jobOf({ job: "__ASSET_JOB", assets: [["orders"]] })).toBeUndefined();
});

test("what is not submitted waits, unless it is wrong or canceled", () => {
  const phaseOf = (reason: string) => refused(object, {}, reason, "why", NOW).phase;
  expect(phaseOf("NotFound")).toBe("QUEUED");
  expect(phaseOf("Invalid")).toBe("FAILURE");
  expect(phaseOf("Canceled")).toBe("CANCELED");
});
