import type { EmitEvent, StepLauncher, StepRequest, StepResult } from "@dagster-operator/sdk/internal";
import { StepProcess, type WriteLog } from "./step-process.ts";

const GRACE_MS = 5_000;

export interface MultiprocessOptions {
  /** Steps at once. */
  maxConcurrent: number;
  /** Environment of the step workers: WORKER_ENV and which definitions to load. */
  env: NodeJS.ProcessEnv;
  write: WriteLog;
  logKey: (stepKey: string) => string;
  /** Milliseconds between asking a step to stop and killing its process. Default 5000. */
  graceMs?: number;
}

/**
 * Each step in a forked process of its own, taken from a pool: started when first needed, then kept warm with the definitions
 * loaded. A process runs one step at a time; one that dies fails that step alone and the next step gets a fresh one.
 */
export class MultiprocessLauncher implements StepLauncher {
  readonly maxConcurrent: number;
  readonly #options: MultiprocessOptions;
  readonly #all = new Set<StepProcess>();
  /** The one used last is taken first: with little to do, few are woken. */
  readonly #idle: StepProcess[] = [];

  constructor(options: MultiprocessOptions) {
    this.maxConcurrent = options.maxConcurrent;
    this.#options = options;
  }

  /** Starts one process before the first step asks for it. */
  warm(): void {
    if (this.#all.size === 0) this.#idle.push(this.#start());
  }

  async run(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    if (signal.aborted) return { kind: "canceled" };
    const worker = this.#take();
    const { logKey, graceMs = GRACE_MS } = this.#options;
    const result = await worker.run(request, logKey(request.stepKey), emit, signal, graceMs);
    if (worker.alive) this.#idle.push(worker);
    else this.#all.delete(worker);
    return result;
  }

  async close(): Promise<void> {
    const { graceMs = GRACE_MS } = this.#options;
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((worker) => worker.stop(graceMs)));
    this.#all.clear();
  }

  #take(): StepProcess {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) return this.#start();
      if (idle.alive) return idle;
      this.#all.delete(idle);
    }
  }

  #start(): StepProcess {
    const worker = new StepProcess({ write: this.#options.write, env: this.#options.env });
    this.#all.add(worker);
    return worker;
  }
}
