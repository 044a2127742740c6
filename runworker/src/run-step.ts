/** One step of a run, in a pod of its own: from its request to its result. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { loadDefinitions, userError } from "@dagster-operator/codeserver/loader";
import { type Control, systemClock } from "@dagster-operator/engine";
import {
  type ErrorInfo,
  openStepRuntime,
  type RunEvent,
  type StepResult,
} from "@dagster-operator/sdk/internal";
import { ComputeLogs, WORKER_LOG } from "./capture/compute-logs.ts";
import { captureOwnOutput } from "./capture/own-output.ts";
import { EventSender } from "./events/event-sender.ts";
import { Outbox } from "./events/outbox.ts";
import { spoolFile } from "./events/recover.ts";
import { InProcessLauncher } from "./executors/in-process.ts";
import { Fenced, RunApiClient } from "./run-api/run-api-client.ts";
import { hasEnded, watchControl } from "./run-api/watch-control.ts";
import { Interrupted } from "./run-worker.ts";
import type { WorkerSettings } from "./worker-env.ts";

export interface StepOfRun {
  key: string;
  attempt: number;
}

/**
 * Runs the step and resolves once its events and then its result are stored. Rejects when that cannot be: Fenced, GaveUp, or
 * Interrupted when `cancel` aborts with that and nobody canceled the run.
 */
export async function runStep(settings: WorkerSettings, step: StepOfRun, cancel: AbortSignal): Promise<void> {
  const api = new RunApiClient(settings);
  const loading = loadDefinitions(settings.target);
  const stop = new AbortController();
  const end = new AbortController();
  let broken: { error: unknown } | null = null;
  const giveUp = (error: unknown) => {
    broken ??= { error };
    stop.abort(error);
  };
  const onControl = (control: Control) => {
    if (control.cancel) stop.abort(new Error("the run was canceled"));
    else if (hasEnded(control.status)) giveUp(new Fenced(410, `the run has ended (${control.status})`));
  };
  const onCancel = () => {
    if (!(cancel.reason instanceof Interrupted)) return stop.abort(cancel.reason);
    api.control(0, end.signal).then(
      (control) => (control.cancel ? onControl(control) : giveUp(cancel.reason)),
      () => giveUp(cancel.reason),
    );
  };
  const producer = `worker:${settings.attempt}:step:${hash(step)}`;
  const [request, accepted] = await Promise.all([
    api.stepRequest(step.key, step.attempt),
    api.resendEvents(producer, []),
  ]);
  const sender = new EventSender({
    producer,
    outbox: new Outbox(accepted.acceptedThrough + 1, {
      file: spoolFile(settings.spool, settings.runId, producer),
    }),
    post: (from, lines) => api.postEvents(from, lines),
    giveUpMs: settings.giveUpMs,
    clock: systemClock,
    onControl,
    onStop: giveUp,
  });
  const emit = (event: RunEvent) => sender.emit(event);
  const logKey = settings.attempt === 1 ? step.key : `${step.key}@${settings.attempt}`;
  const logs = new ComputeLogs({
    append: (key, stream, offset, data, signal) => api.appendLog(key, stream, offset, data, signal),
    folder: join(settings.spool, encodeURIComponent(settings.runId), "logs"),
    limit: settings.logLimit,
    onFirst: () => emit(captured(step.key, logKey)),
    onError: (error) => emit(engineEvent(step.key, "output can no longer be stored", userError(error))),
  });
  // What is printed outside the step is the pod's own: it must not mix with the run worker's.
  const release = captureOwnOutput((key, stream, data) =>
    logs.write(key === WORKER_LOG ? logKey : key, stream, data),
  );
  if (cancel.aborted) onCancel();
  else cancel.addEventListener("abort", onCancel, { once: true });
  void watchControl(api, systemClock, end.signal, onControl).catch(giveUp);
  try {
    const result = await execute();
    if (broken) throw (broken as { error: unknown }).error;
    await logs.flush();
    await sender.flush();
    await api.finishStep(step.key, step.attempt, result);
  } finally {
    end.abort();
    cancel.removeEventListener("abort", onCancel);
    release();
    logs.close();
    sender.close();
    api.close();
  }

  async function execute(): Promise<StepResult> {
    const loaded = await loading;
    if (loaded.kind === "failed") return { kind: "failure", error: loaded.error, retryable: false };
    try {
      const runtime = openStepRuntime(loaded.definitions, request.run, api);
      const launcher = new InProcessLauncher(runtime, { logKey: () => logKey });
      const unguard = launcher.guardProcess((error) =>
        emit(engineEvent(step.key, "outside any step", error)),
      );
      try {
        return await launcher.run(request, emit, stop.signal);
      } finally {
        unguard();
        await launcher.close();
      }
    } catch (thrown) {
      return { kind: "failure", error: userError(thrown), retryable: false };
    }
  }
}

const hash = ({ key, attempt }: StepOfRun): string =>
  createHash("sha256").update(`${key}\n${attempt}`).digest("hex").slice(0, 16);

function captured(stepKey: string, logKey: string): RunEvent {
  return {
    type: "LOGS_CAPTURED",
    ts: Date.now(),
    level: "DEBUG",
    message: `Capturing stdout and stderr of step ${stepKey}.`,
    stepKey,
    logKey,
    stepKeys: [stepKey],
  };
}

function engineEvent(stepKey: string, what: string, error: ErrorInfo): RunEvent {
  return {
    type: "ENGINE_EVENT",
    ts: Date.now(),
    level: "ERROR",
    stepKey,
    message: `${what}: ${error.message}`,
    error,
  };
}
