import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "@dagster-operator/codeserver/process";
import { WORKER_ENV } from "@dagster-operator/engine";
import {
  launcherDefinitions,
  launcherDefinitionsFile,
  stepLauncherContract,
} from "@dagster-operator/engine/testing";
import { openStepRuntime, type RunContext } from "@dagster-operator/sdk/internal";
import { afterAll, beforeAll } from "@jest/globals";
import { InProcessLauncher } from "../src/executors/in-process.ts";
import { MultiprocessLauncher } from "../src/executors/multiprocess.ts";
import { RunApiClient } from "../src/run-api/run-api-client.ts";
import { RUNWORKER_ENV } from "../src/worker-env.ts";
import { RunApiServer } from "./run-api-server.ts";

const api = new RunApiServer();
const clients: RunApiClient[] = [];
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "launchers-"));
  mkdirSync(join(folder, "artifacts"));
  await api.start();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const logKey = (stepKey: string) => stepKey;
function environment(run: RunContext): NodeJS.ProcessEnv {
  api.add(run);
  return {
    [WORKER_ENV.url]: api.url,
    [WORKER_ENV.token]: `token-${run.runId}`,
    [WORKER_ENV.runId]: run.runId,
    [WORKER_ENV.attempt]: "1",
    [WORKER_ENV.artifacts]: join(folder, "artifacts"),
    [RUNWORKER_ENV.definitions]: JSON.stringify({ file: launcherDefinitionsFile }),
  };
}

stepLauncherContract("the pool of step workers", {
  isolated: true,
  open: async (run) => {
    const env = { ...childEnv(), ...environment(run) };
    return new MultiprocessLauncher({ maxConcurrent: 2, env, write: () => {}, logKey, graceMs: 1_000 });
  },
});

stepLauncherContract("the run worker's own process", {
  open: async (run) => {
    process.env[WORKER_ENV.artifacts] = environment(run)[WORKER_ENV.artifacts] ?? "";
    const client = new RunApiClient({
      url: api.url,
      token: `token-${run.runId}`,
      runId: run.runId,
      giveUpMs: 1_000,
    });
    clients.push(client);
    return new InProcessLauncher(openStepRuntime(launcherDefinitions, run, client), {
      logKey,
      graceMs: 1_000,
    });
  },
});
