import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launcherDefinitions, stepLauncherContract } from "@dagster-operator/engine/testing";
import {
  ARTIFACTS_ENV,
  inProcessLauncher,
  openStepRuntime,
  type RunServices,
} from "@dagster-operator/sdk/internal";
import { afterAll, beforeAll } from "@jest/globals";

const services: RunServices = {
  latestMaterialization: async () => null,
  dynamicPartitions: async () => [],
  addDynamicPartitions: async () => undefined,
  deleteDynamicPartitions: async () => undefined,
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "in-process-launcher-"));
  process.env[ARTIFACTS_ENV] = folder;
});
afterAll(() => {
  delete process.env[ARTIFACTS_ENV];
  rmSync(folder, { recursive: true, force: true });
});

stepLauncherContract("one step at a time in this process", {
  open: async (run) => inProcessLauncher(openStepRuntime(launcherDefinitions, run, services)),
});
stepLauncherContract("three steps at a time in this process", {
  open: async (run) => inProcessLauncher(openStepRuntime(launcherDefinitions, run, services), 3),
});
