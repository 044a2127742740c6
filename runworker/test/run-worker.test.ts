import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { FaultProject } from "./fault-project.ts";

let project: FaultProject;
beforeEach(async () => {
  project = new FaultProject();
  await project.api.start();
});
afterEach(() => project.close());

const LAST = ["RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"];
const ends = (runId: string) => project.api.types(runId).filter((type) => LAST.includes(type));

describe.each(["in_process", "multiprocess"])("a run by the executor %s", (executor) => {
  const runConfig = { execution: { config: { [executor]: {} } } };
  const run = (job: string) => project.run("r", job, { runConfig });

  test("succeeds, and its output is stored for its step", async () => {
    expect(await run("quick")).toMatchObject({ reason: "completed" });
    expect(project.api.types("r")[0]).toBe("RUN_PLAN");
    expect(project.api.types("r").at(-1)).toBe("RUN_SUCCESS");
    expect(project.api.log("r", "fine", "out")).toBe("fine on stdout\n");
    expect(project.api.log("r", "fine", "err")).toBe("fine on stderr\n");
    expect(project.events("r", "LOGS_CAPTURED")).toMatchObject([{ logKey: "fine", stepKeys: ["fine"] }]);
  });

  test("passes values along a chain of 21 steps, with their events in order", async () => {
    await project.run("r", "chain", { runConfig: { ...runConfig, ops: { plus_3: { config: { by: 10 } } } } });
    expect(ends("r")).toEqual(["RUN_SUCCESS"]);
    expect(project.steps("r", "STEP_SUCCESS")).toHaveLength(21);
    const sequence = project.api.run("r").events.map(({ seq }) => seq);
    expect(sequence).toEqual(sequence.map((_, i) => i + 1));
    expect(project.events("r", "LOG_MESSAGE").map((event) => event.message)).toEqual(
      Array(20).fill("adding"),
    );
  });

  const FAULTS: [string, string, RegExp][] = [
    ["throws an error", "throws", /out of range/],
    ["throws a value that is no Error", "throws_value", /just text/],
    [
      "ends its process",
      "exits",
      executor === "in_process" ? /process\.exit\(3\)/ : /exit code 3.*\n?leaving now/,
    ],
    [
      "returns what its IO manager cannot store",
      "unstorable",
      /cannot be written to a file: it is a function/,
    ],
    ["forgets a rejected promise", "floating", /not awaited: nobody waits/],
    ["throws in a timer", "later", /outside any promise: too late/],
  ];
  test.each(FAULTS)("goes on beside a step that %s", async (_, job, message) => {
    expect(await run(job)).toMatchObject({ reason: "completed" });
    expect(ends("r")).toEqual(["RUN_FAILURE"]);
    const [failure, ...others] = project.events("r", "STEP_FAILURE");
    expect(others).toEqual([]);
    expect(failure?.stepKey).toBe(`${job}_op`);
    expect(failure?.error?.message).toMatch(message);
    expect(failure?.error?.stack ?? "").not.toMatch(/node:internal|\/runworker\/src/);
    expect(project.steps("r", "STEP_SUCCESS")).toEqual(["fine"]);
    expect(project.steps("r", "STEP_SKIPPED")).toEqual([`after_${job}`]);
  });

  test("cancels a step that never ends", async () => {
    await project.launch("r", "hangs", { runConfig });
    await project.api.until(() => project.steps("r", "STEP_START").includes("hangs_op"));
    project.api.cancel("r");
    expect(await project.exit("r")).toMatchObject({ reason: "completed" });
    expect(ends("r")).toEqual(["RUN_CANCELED"]);
    expect(project.steps("r", "STEP_FAILURE")).toEqual([]);
  });

  test("keeps 64 MiB of the 100 MB that a step prints, says so, and the step succeeds", async () => {
    await run("prints");
    expect(ends("r")).toEqual(["RUN_SUCCESS"]);
    const printed = project.api.run("r").logs.get("prints_op/out") ?? Buffer.alloc(0);
    const limit = 64 * 1024 * 1024;
    expect(printed.length).toBeGreaterThanOrEqual(limit);
    expect(
      printed
        .subarray(0, limit)
        .equals(Buffer.from(`${"0123456789".repeat(100)}\n`.repeat(70_000)).subarray(0, limit)),
    ).toBe(true);
    expect(printed.subarray(limit).toString()).toBe(
      `\n[dagster-operator] output beyond ${limit} bytes is not kept\n`,
    );
  });

  test("loses and doubles no event of a step that logs 20,000 lines while the API comes and goes", async () => {
    project.api.faults = Array.from({ length: 60 }, (_, i) =>
      i < 4 ? null : ((["error", "drop", null, "refuse"] as const)[i % 4] ?? null),
    );
    await run("many");
    expect(ends("r")).toEqual(["RUN_SUCCESS"]);
    const lines = project.events("r", "LOG_MESSAGE").map((event) => event.message);
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, i) => `line ${i}`));
  });
});

test("multiprocess: a killed step fails alone, with signal and last words, and its event before the crash is kept", async () => {
  await project.run("r", "killed", { runConfig: { execution: { config: { multiprocess: {} } } } });
  expect(ends("r")).toEqual(["RUN_FAILURE"]);
  expect(project.events("r", "STEP_FAILURE")[0]?.error?.message).toMatch(/SIGKILL.*\nlast words/);
  expect(project.steps("r", "STEP_START")).toContain("killed_op");
  expect(project.steps("r", "STEP_SUCCESS")).toEqual(["fine"]);
});

test("in process: a step that kills its worker is known to have started, with all that it logged before", async () => {
  const exit = await project.run("r", "killed");
  expect(exit).toMatchObject({
    reason: "killed",
    message: expect.stringMatching(/SIGKILL.*\n[\s\S]*last words/),
  });
  expect(project.steps("r", "STEP_START")).toContain("killed_op");
  expect(ends("r")).toEqual([]);
});

test("in process: the run is known to have started before a step keeps the worker's process busy", async () => {
  await project.launch("r", "stubborn");
  await project.api.until(() => project.api.types("r").includes("RUN_START"));
});

test("multiprocess: a retry policy gets a fresh process for a step whose process died", async () => {
  await project.run("r", "retried", {
    runConfig: { execution: { config: { multiprocess: { max_concurrent: 1 } } } },
  });
  expect(ends("r")).toEqual(["RUN_SUCCESS"]);
  expect(project.steps("r", "STEP_UP_FOR_RETRY")).toEqual(["retried_op"]);
  expect(readFileSync(project.path("code/tries"), "utf8")).toBe("xx");
});

test("multiprocess: a step that blocks its process is killed after the grace period of a cancel", async () => {
  await project.launch("r", "stubborn", { runConfig: { execution: { config: { multiprocess: {} } } } });
  await project.api.until(() => project.steps("r", "STEP_START").includes("stubborn_op"));
  project.api.cancel("r");
  await project.exit("r");
  expect(ends("r")).toEqual(["RUN_CANCELED"]);
});

test("code that does not load, an unknown job and a wrong execution block end the run as failed, with the reason", async () => {
  await project.run("broken", "quick", { location: "broken" });
  expect(project.events("broken", "RUN_FAILURE")[0]?.error).toMatchObject({ message: "broken at import" });
  await project.run("unknown", "no_such_job");
  expect(project.events("unknown", "RUN_FAILURE")[0]?.message).toMatch(/no_such_job/);
  await project.run("wrong", "quick", {
    runConfig: { execution: { config: { multiprocess: { max_concurrent: "two" } } } },
  });
  expect(project.events("wrong", "RUN_FAILURE")[0]?.message).toMatch(
    /execution\.config\.multiprocess\.max_concurrent/,
  );
});

test("a fenced worker stops at once, changes nothing and says why", async () => {
  project.api.attempt = 2;
  const exit = await project.run("r", "quick");
  expect(exit).toMatchObject({
    reason: "crashed",
    message: expect.stringMatching(/exit code 3.*\n.*a newer attempt holds this run/),
  });
  expect(project.api.types("r")).toEqual([]);
});

test("a worker that cannot report in time leaves its spool, and the next attempt sends it before anything new", async () => {
  await project.close();
  project = new FaultProject({ DAGSTER_OPERATOR_GIVE_UP_MS: "2000" });
  await project.api.start();
  await project.launch("r", "slow");
  await project.api.until(() => project.steps("r", "STEP_START").includes("slow_op"));
  await project.api.stop();
  writeFileSync(project.path("code/go"), "");
  const exit = await project.exit("r");
  expect(exit).toMatchObject({
    attempt: 1,
    reason: "crashed",
    message: expect.stringContaining("stay in the spool"),
  });
  expect(readdirSync(project.path("spool/r"))).toContain("worker%3A1.ndjson");
  await project.api.start();
  await project.backend.launch({
    runId: "r",
    location: "here",
    attempt: 2,
    codeVersion: null,
    url: project.api.url,
    token: "token-r",
  });
  await project.api.until(() => ends("r").length > 0);
  expect(ends("r")).toEqual(["RUN_SUCCESS"]);
  expect(project.steps("r", "STEP_SUCCESS")).toEqual(["after_slow", "fine", "slow_op"]);
  expect(project.api.types("r").filter((type) => type === "RUN_START")).toHaveLength(1);
});

test("a run that went well leaves nothing in the spool", async () => {
  await project.run("r", "quick");
  expect(existsSync(project.path("spool/r"))).toBe(false);
});
