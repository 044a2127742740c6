/** One run, from its token to its last event. */
import { join } from "node:path";
import { loadDefinitions, userError } from "@dagster-operator/codeserver/loader";
import { type Control, InvalidInput, systemClock } from "@dagster-operator/engine";
import {
  type ErrorInfo,
  openStepRuntime,
  orchestrate,
  PlanError,
  type RunContext,
  type RunEvent,
  type StepLauncher,
  type StepRuntime,
} from "@dagster-operator/sdk/internal";
import { ComputeLogs, WORKER_LOG } from "./capture/compute-logs.ts";
import { captureOwnOutput } from "./capture/own-output.ts";
import { EventSender } from "./events/event-sender.ts";
import { Outbox } from "./events/outbox.ts";
import { recoverSpool, spoolFile, tidySpool } from "./events/recover.ts";
import { chooseExecutor } from "./executors/executor-config.ts";
import { InProcessLauncher } from "./executors/in-process.ts";
import { K8sJobLauncher } from "./executors/k8s-job.ts";
import { MultiprocessLauncher } from "./executors/multiprocess.ts";
import { RunPoolSlots } from "./executors/run-pool-slots.ts";
import { Fenced, RunApiClient } from "./run-api/run-api-client.ts";
import { hasEnded, watchControl } from "./run-api/watch-control.ts";
import type { WorkerSettings } from "./worker-env.ts";

const LAST_EVENTS: ReadonlySet<RunEvent["type"]> = new Set(["RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"]);

/** The place where the worker runs takes it away, which is no outcome of the run: as the reason of `cancel` of `runWorker`. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/**
 * Runs the run and resolves once its outcome, good or bad, is stored. Rejects when the worker could not do its duty: Fenced,
 * GaveUp (its events stay in the spool), or a bug. `cancel` aborted = stop and report RUN_CANCELED.
 */
export async function runWorker(settings: WorkerSettings, cancel: AbortSignal): Promise<void> {
  const api = new RunApiClient(settings);
  const producer = `worker:${settings.attempt}`;
  const left = await recoverSpool(settings.spool, settings.runId, (from, lines) =>
    api.resendEvents(from, lines),
  );
  if (left !== null && hasEnded(left.status)) return api.close();
  const [context, accepted] = await Promise.all([api.context(), api.resendEvents(producer, [])]);
  const run = new Run(settings, api, producer, accepted.acceptedThrough + 1, cancel);
  try {
    await run.execute(context);
  } finally {
    run.close();
  }
}

class Run {
  readonly #settings: WorkerSettings;
  readonly #api: RunApiClient;
  readonly #sender: EventSender;
  readonly #logs: ComputeLogs;
  readonly #stop = new AbortController();
  /** Aborts with the worker's end: nothing more is asked of the API. */
  readonly #end = new AbortController();
  /** What this run changed in its process. */
  readonly #undo: (() => void)[] = [];
  /** The last event is on its way: that the run has ended is no news from here on. */
  #reported = false;
  #broken: { error: unknown } | null = null;

  constructor(
    settings: WorkerSettings,
    api: RunApiClient,
    producer: string,
    firstSeq: number,
    cancel: AbortSignal,
  ) {
    this.#settings = settings;
    this.#api = api;
    const { spool, runId, giveUpMs } = settings;
    this.#sender = new EventSender({
      producer,
      outbox: new Outbox(firstSeq, { file: spoolFile(spool, runId, producer) }),
      post: (from, lines) => api.postEvents(from, lines),
      giveUpMs,
      clock: systemClock,
      onControl: (control) => this.#control(control),
      onStop: (error) => this.#break(error),
    });
    this.#logs = new ComputeLogs({
      append: (logKey, stream, offset, data, signal) => api.appendLog(logKey, stream, offset, data, signal),
      folder: join(spool, encodeURIComponent(runId), "logs"),
      limit: settings.logLimit,
      onFirst: (logKey) => this.#captured(logKey),
      onError: (error) => this.#engineEvent("output can no longer be stored", userError(error)),
    });
    this.#undo.push(captureOwnOutput((logKey, stream, data) => this.#logs.write(logKey, stream, data)));
    if (cancel.aborted) this.#canceled(cancel.reason);
    cancel.addEventListener("abort", () => this.#canceled(cancel.reason), { once: true });
  }

  async execute(context: RunContext): Promise<void> {
    void watchControl(this.#api, systemClock, this.#end.signal, (control) => this.#control(control)).catch(
      (error: unknown) => this.#break(error),
    );
    const last: RunEvent[] = [];
    // The run API takes no output of a run that has ended, so the last event waits for it.
    const emit = (event: RunEvent) => {
      if (LAST_EVENTS.has(event.type)) last.push(event);
      else this.#sender.emit(event);
    };
    await this.#steps(context, emit);
    // Steps that were stopped because nothing can be reported are no outcome: the run is for another attempt to end.
    if (this.#broken !== null) throw this.#broken.error;
    await this.#logs.flush();
    this.#reported = true;
    for (const event of last) this.#sender.emit(event);
    await this.#sender.flush();
  }

  close(): void {
    this.#end.abort();
    for (const undo of this.#undo.reverse()) undo();
    this.#logs.close();
    this.#sender.close();
    tidySpool(this.#settings.spool, this.#settings.runId);
    this.#api.close();
  }

  async #steps(context: RunContext, emit: (event: RunEvent) => void): Promise<void> {
    let launcher: StepLauncher | null = null;
    try {
      const executor = chooseExecutor(context.runConfig, this.#settings.stepJobs);
      // The first step worker loads the definitions while this process does.
      if (executor.kind === "multiprocess") launcher = this.#multiprocess(executor.maxConcurrent);
      const loaded = await loadDefinitions(this.#settings.target);
      if (loaded.kind === "failed") {
        emit(runFailure("the definitions of this code location do not load", loaded.error));
        return;
      }
      const runtime = openStepRuntime(loaded.definitions, context, this.#api);
      if (executor.kind === "k8s_job")
        launcher = new K8sJobLauncher({
          api: this.#api,
          plan: runtime.plan,
          maxConcurrent: executor.maxConcurrent,
        });
      launcher ??= this.#inProcess(runtime);
      const slots = new RunPoolSlots({
        ask: (wanted, wait, signal) => this.#api.slots(wanted, wait, signal),
        flush: () => this.#sender.flush(),
      });
      const { signal } = this.#stop;
      await orchestrate({ plan: runtime.plan, run: context, launcher, emit, slots, signal });
    } catch (error) {
      if (!(error instanceof PlanError || error instanceof InvalidInput)) throw error;
      emit(runFailure("the run cannot be planned", { name: error.name, message: error.message }));
    } finally {
      await launcher?.close();
    }
  }

  #multiprocess(maxConcurrent: number): StepLauncher {
    const launcher = new MultiprocessLauncher({
      maxConcurrent,
      env: process.env,
      write: (logKey, stream, data) => this.#logs.write(logKey, stream, data),
      logKey: this.#logKey,
    });
    launcher.warm();
    return launcher;
  }

  #inProcess(runtime: StepRuntime): StepLauncher {
    const launcher = new InProcessLauncher(runtime, {
      logKey: this.#logKey,
      // A step may keep this process busy for longer than a run may take to start.
      begin: () => this.#sender.offer(),
    });
    this.#undo.push(launcher.guardProcess((error) => this.#engineEvent("outside any step", error)));
    return launcher;
  }

  readonly #logKey = (stepKey: string): string =>
    this.#settings.attempt === 1 ? stepKey : `${stepKey}@${this.#settings.attempt}`;

  #control(control: Control): void {
    if (control.cancel && !this.#stop.signal.aborted) this.#stop.abort(new Error("the run was canceled"));
    if (control.cancel || this.#reported || !hasEnded(control.status)) return;
    this.#break(
      new Fenced(410, `the run was ended from outside (${control.status}) while this worker ran it`),
    );
  }

  #canceled(reason: unknown): void {
    if (!(reason instanceof Interrupted)) {
      this.#stop.abort(reason);
      return;
    }
    this.#api.control(0, this.#end.signal).then(
      (control) => (control.cancel ? this.#control(control) : this.#break(reason)),
      () => this.#break(reason),
    );
  }

  /** Nothing can be reported any more: steps stop, and the worker ends with this error. */
  #break(error: unknown): void {
    this.#broken ??= { error };
    if (!this.#stop.signal.aborted) this.#stop.abort(error);
  }

  #captured(logKey: string): void {
    const stepKey = logKey.replace(/@\d+$/, "");
    const steps = logKey === WORKER_LOG ? [] : [stepKey];
    const what = steps.length === 0 ? "the run worker" : `step ${stepKey}`;
    this.#sender.emit({
      type: "LOGS_CAPTURED",
      ts: Date.now(),
      level: "DEBUG",
      message: `Capturing stdout and stderr of ${what}.`,
      ...(steps.length === 0 ? {} : { stepKey }),
      logKey,
      stepKeys: steps,
    });
  }

  #engineEvent(message: string, error: ErrorInfo): void {
    this.#sender.emit({
      type: "ENGINE_EVENT",
      ts: Date.now(),
      level: "ERROR",
      message: `${message}: ${error.message}`,
      error,
    });
  }
}

function runFailure(what: string, error: ErrorInfo): RunEvent {
  return {
    type: "RUN_FAILURE",
    ts: Date.now(),
    level: "ERROR",
    message: `Run failed: ${what}: ${error.message}`,
    error,
  };
}
