/** A system in a process of its own, to be killed: launches one worker and tells its parent the worker's pid. */
import { join } from "node:path";
import type { ComputeBackend } from "@dagster-operator/engine";
import { LocalProcessBackend } from "../src/launcher/index.ts";

const { launch, folder } = JSON.parse(process.argv[2] ?? "") as {
  launch: Parameters<ComputeBackend["launch"]>[0];
  folder: string;
};
const backend = new LocalProcessBackend({
  source: () => ({ file: "definitions.ts", workingDirectory: join(folder, "code") }),
  artifacts: join(folder, "artifacts"),
  spool: join(folder, "spool"),
});
await backend.launch(launch);
process.send?.(backend.pids().get(launch.runId));
