import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { NotFound } from "@dagster-operator/engine";
import {
  type ComputeBackendHarness,
  computeBackendContract,
  eventually,
  isAlive,
  processEnded,
} from "@dagster-operator/engine/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LocalProcessBackend } from "../src/launcher/index.ts";
import { FaultProject } from "./fault-project.ts";

let project: FaultProject;
beforeAll(async () => {
  project = new FaultProject();
  await project.api.start();
});
afterAll(() => project.close());

const options = () => ({
  source: (location: string) => project.source(location),
  artifacts: project.path("artifacts"),
  spool: project.path("spool"),
});
const multiprocess = { execution: { config: { multiprocess: {} } } };
async function request(job: string, runId: string, attempt: number, runConfig = {}) {
  project.api.add({ runId, job, attempt, runConfig });
  return {
    runId,
    location: "here",
    attempt,
    codeVersion: null,
    url: project.api.url,
    token: `token-${runId}`,
  };
}
const blocking = new Set<string>();
const pids = (backend: LocalProcessBackend) => backend.pids();

const harness: ComputeBackendHarness = {
  open: async () => new LocalProcessBackend(options()),
  patient: (runId, attempt) => request("hangs", runId, attempt),
  stubborn: (runId, attempt) => {
    blocking.add(runId);
    return request("stubborn", runId, attempt);
  },
  quick: (runId, attempt) => request("quick", runId, attempt),
  crashing: (runId, attempt) => request("dies", runId, attempt),
  working: async (runId) => {
    // A step that blocks the worker's own process keeps its events there, so look at what it did.
    if (blocking.has(runId))
      await eventually("the step blocks", () => existsSync(project.path("code/stubborn")));
    else await project.api.until(() => project.steps(runId, "STEP_START").some((key) => key.endsWith("_op")));
  },
  murder: async (backend, runId) =>
    void process.kill(pids(backend as LocalProcessBackend).get(runId) ?? 0, "SIGKILL"),
};
computeBackendContract("child processes", harness);

test("refuses a location that it has no code for", async () => {
  const backend = new LocalProcessBackend(options());
  const launch = { ...(await request("quick", "r-nowhere", 1)), location: "nowhere" };
  await expect(backend.launch(launch)).rejects.toThrow(NotFound);
  await backend.close();
});

test("a killed run worker takes its step workers and what they started along", async () => {
  const backend = new LocalProcessBackend(options());
  await backend.launch(await request("spawns", "r-family", 1, multiprocess));
  const file = project.path("code/grandchild");
  await eventually("the step's child runs", () => existsSync(file) && readFileSync(file, "utf8") !== "");
  const grandchild = Number(readFileSync(file, "utf8"));
  expect(isAlive(grandchild)).toBe(true);
  process.kill(pids(backend).get("r-family") ?? 0, "SIGKILL");
  await processEnded(grandchild);
  await backend.close();
});

test("no worker outlives a system that is killed, not even one whose step blocks", async () => {
  const launch = await request("stubborn", "r-orphan", 1, multiprocess);
  const system = fork(
    new URL("./backend-process.ts", import.meta.url),
    [JSON.stringify({ launch, folder: project.folder })],
    {
      execArgv: ["--conditions=source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  const [pid] = (await once(system, "message")) as [number];
  await harness.working("r-orphan");
  expect(isAlive(pid)).toBe(true);
  system.kill("SIGKILL");
  await processEnded(pid);
  const groupIsLeft = () => process.kill(-pid, 0);
  await eventually("its group ends", () => {
    try {
      return !groupIsLeft();
    } catch {
      return true; // ESRCH
    }
  });
});
