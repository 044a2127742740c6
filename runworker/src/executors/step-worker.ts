/** A step worker: loads the definitions once, then runs one step after the other until its run worker is gone. */
import { writeSync } from "node:fs";
import {
  addFrameworkPackage,
  cleanError,
  loadDefinitions,
  userError,
} from "@dagster-operator/codeserver/loader";
import { followParent } from "@dagster-operator/codeserver/process";
import { openStepRuntime, type StepResult, type StepRuntime } from "@dagster-operator/sdk/internal";
import { RunApiClient } from "../run-api/run-api-client.ts";
import { readWorkerEnv } from "../worker-env.ts";
import { ANSWER_FD, type Answer, type Command } from "./step-protocol.ts";

addFrameworkPackage(import.meta.url);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function answer(message: Answer): void {
  const data = Buffer.from(`${JSON.stringify(message)}\n`);
  let written = 0;
  while (written < data.length) {
    try {
      written += writeSync(ANSWER_FD, data, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

/** Ends what the step printed with a mark, so that the run worker knows where its output ends. */
async function endOutput(marker: string): Promise<void> {
  const write = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => stream.write(marker, () => resolve()));
  await Promise.all([write(process.stdout), write(process.stderr)]);
}

const settings = readWorkerEnv(process.env);
const api = new RunApiClient(settings);
const loading = loadDefinitions(settings.target);
let runtime: StepRuntime | null = null;
let running: { abort: AbortController; fail: (result: StepResult) => void } | null = null;

process.on("message", (command: Command) => {
  if (command.type === "cancel") running?.abort.abort(new Error("the run was canceled"));
  else void runStep(command);
});
// Ctrl-C at a terminal reaches every process of the group; the run worker alone decides what becomes of a step.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => running?.abort.abort(new Error("the step worker was asked to stop")));
process.on("uncaughtException", (error) => escaped(error, "user code threw outside any promise"));
process.on("unhandledRejection", (reason) => escaped(reason, "a rejected promise was not awaited"));
followParent(() => {
  const closed = runtime?.close() ?? Promise.resolve();
  setTimeout(() => process.exit(0), 5_000).unref();
  void closed.finally(() => process.exit(0));
});

function escaped(thrown: unknown, how: string): void {
  const error = userError(thrown);
  if (running === null) console.error(`${how}, after its step had ended: ${error.stack ?? error.message}`);
  else
    running.fail({
      kind: "failure",
      error: { ...error, message: `${how}: ${error.message}` },
      retryable: true,
    });
}

async function runStep({ request, marker }: Extract<Command, { type: "run" }>): Promise<void> {
  const abort = new AbortController();
  const early = Promise.withResolvers<StepResult>();
  running = { abort, fail: early.resolve };
  let ended = false;
  const result = await Promise.race([
    early.promise,
    execute(request, abort.signal, (event) => {
      if (!ended) answer({ type: "event", event });
    }),
  ]);
  ended = true;
  running = null;
  if (result !== null) {
    await endOutput(marker);
    answer({ type: "result", result });
  }
}

async function execute(
  request: Extract<Command, { type: "run" }>["request"],
  signal: AbortSignal,
  emit: Parameters<StepRuntime["executeStep"]>[1],
): Promise<StepResult | null> {
  const loaded = await loading;
  if (loaded.kind === "failed") {
    answer({ type: "load_failed", error: loaded.error });
    return null;
  }
  try {
    runtime ??= openStepRuntime(loaded.definitions, request.run, api);
    const result = await runtime.executeStep(request, emit, signal);
    return "error" in result ? { ...result, error: cleanError(result.error) } : result;
  } catch (thrown) {
    return { kind: "failure", error: userError(thrown), retryable: false };
  }
}
