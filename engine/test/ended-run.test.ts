import { Definitions, dynamicOutput, input, job, op, optionalOutput } from "@dagster-operator/sdk";
import { planRun, type RunEvent, type StepStatus } from "@dagster-operator/sdk/internal";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { expect, test } from "@jest/globals";
import type { StepRecord } from "../src/index.ts";
import { knownAfter, readMade, unfinishedSteps } from "../src/submit/ended-run.ts";
import { exampleRun, snapshotOf } from "../src/testing/index.ts";

const files = op("files", { outputs: dynamicOutput<string>() }, () => ({ x: "1", y: "2", z: "3" }));
const size = op("size", { inputs: { file: input<string>() } }, () => 1);
const sum = op("sum", { inputs: { sizes: input<number[]>() } }, () => 3);
const maybe = op("maybe", { outputs: optionalOutput<number>() }, () => undefined);
const after = op("after", { inputs: { value: input<number>() } }, () => 1);
const snapshot = snapshotOf(
  new Definitions({
    jobs: [
      job("work", () => {
        const sizes = files().map((file) => size({ file }));
        sum({ sizes: sizes.collect() });
        after({ value: maybe() });
      }),
    ],
  }),
);
const plan = planRun(snapshot, { job: "work" });
const records = (statuses: Record<string, StepStatus>): StepRecord[] =>
  Object.entries(statuses).map(([stepKey, status]) => {
    return { stepKey, status, attempts: 1, startedAt: 1, endedAt: 2, error: null };
  });
const mappingKeys = { files: { result: ["x", "y", "z"] } };

test("of a mapped step only the copies that did not succeed run again, and what collects them", () => {
  const statuses = {
    files: "SUCCESS",
    "size[x]": "SUCCESS",
    "size[y]": "FAILURE",
    sum: "SKIPPED",
    maybe: "SUCCESS",
    after: "SKIPPED",
  } as const;
  // `size[z]` was never begun; `after` was skipped because nothing was yielded, and would be again.
  expect(unfinishedSteps(plan, records(statuses), mappingKeys).sort()).toEqual(["size[y]", "size[z]", "sum"]);
});

test("a step that makes the mapping keys runs again with all that is mapped over it", () => {
  const statuses = {
    files: "FAILURE",
    "size[?]": "SKIPPED",
    sum: "SKIPPED",
    maybe: "SUCCESS",
    after: "SUCCESS",
  } as const;
  expect(unfinishedSteps(plan, records(statuses), {}).sort()).toEqual(["files", "size", "sum"]);
});

test("what is known of an ended run is who stored each output, its mapping keys, and what was not yielded", async () => {
  const storage = await openMemoryStorage();
  const run = exampleRun();
  await storage.runs.submit([run]);
  const at = { ts: 1, level: "INFO" as const, message: "it happened" };
  const outputs = ["x", "y"].map((mappingKey): RunEvent => {
    return { type: "STEP_OUTPUT", ...at, stepKey: "files", output: "result", mappingKey };
  });
  await storage.events.report(run.runId, outputs);
  const rows = records({ files: "SUCCESS", "size[x]": "SUCCESS", "size[y]": "FAILURE", maybe: "SUCCESS" });
  const made = await readMade(storage, run.runId, plan, rows);
  const parent = {
    runId: run.runId,
    known: { outputsFrom: { old: "grandparent", sum: "grandparent" }, mappingKeys: {} },
  };
  expect(knownAfter(parent, rows, made, ["size[y]", "sum"])).toEqual({
    outputsFrom: { old: "grandparent", files: run.runId, "size[x]": run.runId, maybe: run.runId },
    mappingKeys: { files: { result: ["x", "y"] } },
    notYielded: { maybe: ["result"] },
  });
  await storage.close();
});
