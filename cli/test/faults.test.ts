import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { allEnded, DEFINITIONS, type Dev, type EventJson, Project, until } from "./system.ts";

let project: Project;
afterEach(() => project.remove());

/** Of the run worker: with multiprocess it is the parent of the process that runs the step. */
function workerPid(executor: string): number {
  const [own, parent] = (
    readFileSync(project.path("wait.pid"), "utf8").trim().split("\n").at(-1) ?? ""
  ).split(" ");
  return Number(executor === "in_process" ? own : parent);
}
/** Numbers of the turns that the waiting step has logged, as they were stored. */
const turns = (events: EventJson[]) =>
  events.flatMap(({ message }) => (message.startsWith("turn ") ? [Number(message.slice(5))] : []));
const count = (events: EventJson[], type: string, step: string | null) =>
  events.filter((event) => event.eventType === type && event.stepKey === step).length;

async function launchWaiting(dev: Dev, executor: string): Promise<string> {
  const config = JSON.stringify({ execution: { config: { [executor]: {} } } });
  const { runId } = await project.json<{ runId: string }>(
    "job",
    "launch",
    "waiting",
    "--config-json",
    config,
  );
  await until(
    "the step to run",
    async () =>
      count(await dev.events(runId), "STEP_START", "wait") === 1 && existsSync(project.path("wait.pid")),
  );
  return runId;
}

describe.each(["in_process", "multiprocess"])("kill -9 with the executor %s", (executor) => {
  test("of a run worker fails its run and its step, and both say why", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    const dev = await project.dev();
    const runId = await launchWaiting(dev, executor);
    process.kill(workerPid(executor), "SIGKILL");
    expect((await dev.ended(runId)).status).toBe("FAILURE");
    const events = await dev.events(runId);
    const failed = events.find((event) => event.eventType === "STEP_FAILURE");
    expect(failed?.stepKey).toBe("wait");
    expect(JSON.stringify(failed)).toContain("SIGKILL");
    const last = events.at(-1);
    expect(last?.eventType).toMatch(/FAILURE$/);
    expect(JSON.stringify(last)).toContain("SIGKILL");
    // A run from failure goes on behind what was done.
    project.write("go", "");
    const again = await project.ctl("run", "re-execute", runId, "--from-failure", "-w");
    expect(again.stdout).toMatch(/wait {2}succeeded/);
    expect(again.stdout).not.toMatch(/first {2}started/);
    expect(again.code).toBe(0);
    await dev.stop();
  });

  test("of the whole system mid-run leaves nothing stuck, nothing lost and nothing double after a restart", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    let dev = await project.dev();
    const running = await launchWaiting(dev, executor);
    // One at a time: a run that seemed to go on for ever would keep the next one waiting.
    project.write(".dagster-operator/dagster.yaml", "run_queue: {max_concurrent_runs: 1}\n");
    const before = await dev.events(running);
    await dev.stop("SIGKILL");
    await allEnded(project.folder);

    dev = await project.dev();
    const { runId: next } = await project.json<{ runId: string }>("job", "launch", "totals");
    const ended = await dev.ended(running);
    expect(ended.status).toBe("FAILURE");
    const events = await dev.events(running);
    expect(events.slice(0, before.length)).toEqual(before);
    for (const step of ["first", "wait"]) expect(count(events, "STEP_START", step)).toBe(1);
    expect(count(events, "STEP_SUCCESS", "first")).toBe(1);
    expect(count(events, "STEP_FAILURE", "wait")).toBe(1);
    expect(
      events.filter((event) => /^(RUN|PIPELINE)_(SUCCESS|FAILURE|CANCELED)$/.test(event.eventType ?? "")),
    ).toHaveLength(1);
    const logged = turns(events);
    expect(logged.length).toBeGreaterThan(0);
    expect(logged).toEqual(logged.map((_, i) => i));
    expect(readdirSync(project.path(".dagster-operator/spool"))).toEqual([]);
    expect((await dev.ended(next)).status).toBe("SUCCESS");
    expect(readFileSync(project.path("first.ran"), "utf8")).toBe("x");
    project.write("go", "");
    expect((await project.ctl("run", "re-execute", running, "--from-failure", "-w")).code).toBe(0);
    expect(await dev.stop()).toBe(0);
  });
});

describe("kill -9", () => {
  test("of the whole system keeps what was queued, and runs it after a restart", async () => {
    project = new Project({
      "definitions.ts": DEFINITIONS,
      ".dagster-operator/dagster.yaml": "run_queue: {max_concurrent_runs: 0}\n",
    });
    let dev = await project.dev();
    const { runId } = await project.json<{ runId: string }>("job", "launch", "totals");
    expect((await dev.runs())[0]?.status).toBe("QUEUED");
    await dev.stop("SIGKILL");
    project.write(".dagster-operator/dagster.yaml", "");
    dev = await project.dev();
    expect((await dev.ended(runId)).status).toBe("SUCCESS");
    await dev.stop();
  });
});
