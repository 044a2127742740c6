import type { ComputeBackend, WorkerExit } from "../ports/compute.ts";

type Launch = Parameters<ComputeBackend["launch"]>[0];
export type WorkerBehaviour = "patient" | "stubborn" | "quick" | "crashing";

/** Workers that are only said to run, for tests of what drives a backend. Passes `computeBackendContract`. */
export class MemoryBackend implements ComputeBackend {
  /** Everything that was launched, in order. */
  readonly launched: Launch[] = [];
  readonly #workers = new Map<string, { attempt: number; behaviour: WorkerBehaviour }>();
  readonly #handlers: ((exit: WorkerExit) => void)[] = [];
  readonly #behaviour: (launch: Launch) => WorkerBehaviour;
  /** Set: the next launches reject with it. */
  fault: Error | null = null;

  constructor(behaviour: (launch: Launch) => WorkerBehaviour) {
    this.#behaviour = behaviour;
  }

  async launch(launch: Launch): Promise<void> {
    if (this.fault) throw this.fault;
    const { runId, attempt } = launch;
    if (this.#workers.get(runId)?.attempt === attempt) return;
    this.launched.push(launch);
    const behaviour = this.#behaviour(launch);
    this.#workers.set(runId, { attempt, behaviour });
    if (behaviour === "quick") setImmediate(() => this.end(runId, "completed", "exit 0"));
    if (behaviour === "crashing") setImmediate(() => this.end(runId, "crashed", "exit 1: fatal: no luck"));
  }

  async cancel(runId: string, graceMs: number): Promise<void> {
    const worker = this.#workers.get(runId);
    if (!worker) return;
    if (worker.behaviour === "stubborn")
      setTimeout(() => this.end(runId, "killed", "SIGKILL"), graceMs).unref();
    else this.end(runId, "completed", "exit 0");
  }

  onExit(handler: (exit: WorkerExit) => void): void {
    this.#handlers.push(handler);
  }

  async live(): Promise<{ runId: string; attempt: number }[]> {
    return [...this.#workers].map(([runId, { attempt }]) => ({ runId, attempt }));
  }

  async close(): Promise<void> {
    for (const runId of [...this.#workers.keys()]) this.end(runId, "killed", "SIGTERM");
  }

  /** A worker goes, and nobody is told. */
  lose(runId: string): void {
    this.#workers.delete(runId);
  }

  /** Ends a worker, as if from outside. */
  end(runId: string, reason: WorkerExit["reason"], message: string): void {
    const worker = this.#workers.get(runId);
    if (!worker) return;
    this.#workers.delete(runId);
    for (const handler of this.#handlers) handler({ runId, attempt: worker.attempt, reason, message });
  }
}
