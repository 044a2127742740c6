/**
 * The run worker: one process, one run, or one step of it where steps have pods of their own. Takes its orders from the environment alone (`worker-env.ts`).
 * SIGTERM cancels the run, or asks the run API whether that is meant (`WORKER_ENV.onTerm`). It ends soon after its parent,
 * when it has an IPC channel to one.
 * Exit 0: the outcome is stored, also of a failed run. 1: it could not be stored. 2: wrong environment. 3: fenced.
 */

import { addFrameworkPackage, userError } from "@dagster-operator/codeserver/loader";
import { followParent } from "@dagster-operator/codeserver/process";
import { InvalidInput, WORKER_ENV } from "@dagster-operator/engine";
import { Fenced } from "./run-api/run-api-client.ts";
import { runStep } from "./run-step.ts";
import { Interrupted, runWorker } from "./run-worker.ts";
import { readWorkerEnv } from "./worker-env.ts";

/** How long steps may take to stop once the parent is gone (ms). */
const ORPHAN_MS = 3_000;

addFrameworkPackage(import.meta.url);
const cancel = new AbortController();
const mayBeEvicted = process.env[WORKER_ENV.onTerm] === "ask";
process.on("SIGTERM", () => {
  const text = "the run worker was asked to stop (SIGTERM)";
  cancel.abort(mayBeEvicted ? new Interrupted(text) : new Error(text));
});
// Ctrl-C at a terminal reaches every process of the group; whoever started this worker decides what becomes of the run.
process.on("SIGINT", () => {});
followParent(
  () => {
    // No outcome of the run: what was done waits in the spool for the next start of the system, which ends the run.
    cancel.abort(new Interrupted("the process that started this run worker is gone"));
    setTimeout(() => process.kill(-process.pid, "SIGKILL"), ORPHAN_MS).unref();
  },
  { group: true },
);

try {
  const settings = readWorkerEnv(process.env);
  const { [WORKER_ENV.stepKey]: key, [WORKER_ENV.stepAttempt]: attempt } = process.env;
  if (key) await runStep(settings, { key, attempt: Number(attempt ?? 1) }, cancel.signal);
  else await runWorker(settings, cancel.signal);
  process.exit(0);
} catch (error) {
  const info = userError(error);
  console.error(
    error instanceof InvalidInput || error instanceof Fenced || error instanceof Interrupted
      ? info.message
      : (info.stack ?? info.message),
  );
  process.exit(error instanceof InvalidInput ? 2 : error instanceof Fenced ? 3 : 1);
}
