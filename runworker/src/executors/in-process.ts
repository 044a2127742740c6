import { userError } from "@dagster-operator/codeserver/loader";
import type {
  EmitEvent,
  ErrorInfo,
  StepLauncher,
  StepRequest,
  StepResult,
  StepRuntime,
} from "@dagster-operator/sdk/internal";
import { printingAs } from "../capture/own-output.ts";

const GRACE_MS = 5_000;

/**
 * Runs steps in this process, one at a time. What user code does to the process is turned into the failure of its step where
 * that is possible: `process.exit()`, an exception outside any promise, a rejected promise that nobody awaits.
 */
export class InProcessLauncher implements StepLauncher {
  readonly maxConcurrent = 1;
  readonly #runtime: StepRuntime;
  readonly #logKey: (stepKey: string) => string;
  readonly #graceMs: number;
  #fail: ((error: ErrorInfo) => void) | null = null;

  constructor(runtime: StepRuntime, options: { logKey: (stepKey: string) => string; graceMs?: number }) {
    this.#runtime = runtime;
    this.#logKey = options.logKey;
    this.#graceMs = options.graceMs ?? GRACE_MS;
  }

  async run(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    let ended = false;
    const early = Promise.withResolvers<StepResult>();
    this.#fail = (error) => early.resolve({ kind: "failure", error, retryable: true });
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      grace = setTimeout(() => early.resolve({ kind: "canceled" }), this.#graceMs);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const own = printingAs(this.#logKey(request.stepKey), () =>
      this.#runtime.executeStep(
        request,
        // A step given up on may still go on; its run has moved past it.
        (event) => {
          if (!ended) emit(event);
        },
        signal,
      ),
    );
    try {
      return await Promise.race([own, early.promise]);
    } finally {
      ended = true;
      this.#fail = null;
      clearTimeout(grace);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Fails the running step with what escaped from its code. False when no step is running. */
  escaped(thrown: unknown, how: string): boolean {
    if (this.#fail === null) return false;
    const error = userError(thrown);
    this.#fail({ ...error, message: `${how}: ${error.message}` });
    return true;
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }
}
