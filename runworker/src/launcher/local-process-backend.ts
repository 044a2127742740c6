import { type ChildProcess, fork } from "node:child_process";
import { childEnv, childFlags, childMain, killGroup, Tail } from "@dagster-operator/codeserver/process";
import { type ComputeBackend, NotFound, WORKER_ENV, type WorkerExit } from "@dagster-operator/engine";
import { recoverSpool } from "../events/recover.ts";
import { RunApiClient } from "../run-api/run-api-client.ts";
import { RUNWORKER_ENV } from "../worker-env.ts";

const MAIN = childMain("../main", import.meta.url);

/** How long the API may be away when a dead worker's last events are sent (ms). */
const LAST_EVENTS_MS = 2_000;

/** Which user code a run worker loads, and where. */
export interface RunSource {
  file?: string | undefined;
  module?: string | undefined;
  attribute?: string | undefined;
  workingDirectory: string;
  env?: Record<string, string> | undefined;
}

export interface LocalProcessOptions {
  /** Looked up at each launch; null = this location has no code here. */
  source: (location: string) => RunSource | null;
  /** Folder of values stored by the default IO manager. */
  artifacts: string;
  /** Folder of events not yet accepted. */
  spool: string;
  /** Environment of the workers before `source().env`; default: this process' own without `DAGSTER_OPERATOR_*`. */
  env?: NodeJS.ProcessEnv | undefined;
}

type Launch = Parameters<ComputeBackend["launch"]>[0];

interface Worker {
  child: ChildProcess;
  attempt: number;
  gone: Promise<void>;
}

/**
 * Run workers as child processes, each the leader of its own process group, so that a kill reaches its step workers and
 * whatever user code started. A worker ends by itself soon after this process does.
 */
export class LocalProcessBackend implements ComputeBackend {
  readonly #options: LocalProcessOptions;
  readonly #workers = new Map<string, Worker>();
  readonly #handlers: ((exit: WorkerExit) => void)[] = [];
  #closed = false;

  constructor(options: LocalProcessOptions) {
    this.#options = options;
  }

  async launch(request: Launch): Promise<void> {
    if (this.#closed) throw new Error("the local process backend is closed");
    const known = this.#workers.get(request.runId);
    if (known?.attempt === request.attempt) return;
    // A newer attempt fences the older worker anyway; two at once would only fight over files.
    if (known) await this.#kill(known);
    const source = this.#options.source(request.location);
    if (source === null)
      throw new NotFound("code location", request.location, "its runs cannot start on this machine");
    const child = fork(MAIN, [], {
      cwd: source.workingDirectory,
      env: { ...(this.#options.env ?? childEnv()), ...source.env, ...this.#workerEnv(request, source) },
      execArgv: childFlags(),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#watch(child, request);
    await started(child);
  }

  async cancel(runId: string, graceMs: number): Promise<void> {
    const worker = this.#workers.get(runId);
    if (!worker) return;
    worker.child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(worker.child), graceMs);
    await worker.gone;
    clearTimeout(timer);
  }

  onExit(handler: (exit: WorkerExit) => void): void {
    this.#handlers.push(handler);
  }

  async live(): Promise<{ runId: string; attempt: number }[]> {
    return [...this.#workers].map(([runId, { attempt }]) => ({ runId, attempt }));
  }

  /** Process id of each live worker, by run id. */
  pids(): Map<string, number> {
    return new Map(
      [...this.#workers].flatMap(([runId, { child }]) => (child.pid ? [[runId, child.pid]] : [])),
    );
  }

  /** Kills every worker; their runs are for the next start of the system to judge. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#workers.values()].map((worker) => this.#kill(worker)));
  }

  #workerEnv(request: Launch, source: RunSource): NodeJS.ProcessEnv {
    const { file, module, attribute } = source;
    return {
      [WORKER_ENV.url]: request.url,
      [WORKER_ENV.token]: request.token,
      [WORKER_ENV.runId]: request.runId,
      [WORKER_ENV.attempt]: String(request.attempt),
      [WORKER_ENV.artifacts]: this.#options.artifacts,
      [WORKER_ENV.spool]: this.#options.spool,
      [RUNWORKER_ENV.definitions]: JSON.stringify({ file, module, attribute }),
    };
  }

  #watch(child: ChildProcess, request: Launch): void {
    const { runId, attempt } = request;
    const tail = new Tail();
    child.stdout?.resume();
    child.stderr?.on("data", (chunk: Buffer) => tail.add(chunk));
    const gone = Promise.withResolvers<void>();
    this.#workers.set(runId, { child, attempt, gone: gone.promise });
    let ended = false;
    const end = async (reason: WorkerExit["reason"], how: string) => {
      if (ended) return;
      ended = true;
      killGroup(child);
      const more = reason === "completed" ? "" : `${tail}${await this.#lastEvents(request)}`;
      if (this.#workers.get(runId)?.child === child) this.#workers.delete(runId);
      gone.resolve();
      const message = `the run worker (pid ${child.pid ?? "none"}) ${how}${more}`;
      for (const handler of this.#handlers) handler({ runId, attempt, reason, message });
    };
    child.once("error", (error) => void end("start_failed", `could not be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      // The last words on stderr may come just after the exit.
      setImmediate(() => {
        if (signal !== null) void end("killed", `was killed by ${signal}`);
        else if (code === 0) void end("completed", "ended");
        else void end("crashed", `ended with exit code ${code}`);
      });
    });
  }

  async recover({ runId, url, token }: Pick<Launch, "runId" | "url" | "token">): Promise<void> {
    const api = new RunApiClient({ url, token, runId, giveUpMs: LAST_EVENTS_MS });
    try {
      await recoverSpool(this.#options.spool, runId, (producer, lines) => api.resendEvents(producer, lines));
    } finally {
      api.close();
    }
  }

  /** Sends what a dead worker had no time to send. Returns what to add to the message where that fails. */
  async #lastEvents(request: Launch): Promise<string> {
    try {
      await this.recover(request);
      return "";
    } catch (error) {
      return `; its last events could not be sent and wait in the spool: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async #kill(worker: Worker): Promise<void> {
    killGroup(worker.child);
    await worker.gone;
  }
}

/** The error that keeps a child from starting is reported by `onExit`, as every other end of it. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("spawn", resolve);
    child.once("error", () => resolve());
  });
}
