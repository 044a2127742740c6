import { cleanError, userError } from "@dagster-operator/codeserver/loader";
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
  readonly #begin: () => Promise<void>;
  #begun: Promise<void> | null = null;
  #fail: ((error: ErrorInfo) => void) | null = null;

  /** `begin` is awaited before the first step. */
  constructor(
    runtime: StepRuntime,
    options: { logKey: (stepKey: string) => string; graceMs?: number; begin?: () => Promise<void> },
  ) {
    this.#runtime = runtime;
    this.#logKey = options.logKey;
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#begin = options.begin ?? (async () => undefined);
  }

  async run(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    this.#begun ??= this.#begin();
    await this.#begun;
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
      const result = await Promise.race([own, early.promise]);
      return "error" in result ? { ...result, error: cleanError(result.error) } : result;
    } finally {
      ended = true;
      this.#fail = null;
      clearTimeout(grace);
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * Takes what would end the process while a step runs for the failure of that step; what comes outside any step goes to
   * `otherwise`. Returns the undo.
   */
  guardProcess(otherwise: (error: ErrorInfo) => void): () => void {
    const escaped = (how: string) => (thrown: unknown) => {
      const cause = userError(thrown);
      const error = { ...cause, message: `${how}: ${cause.message}` };
      if (this.#fail === null) otherwise(error);
      else this.#fail(error);
    };
    const thrown = escaped("user code threw outside any promise");
    const rejected = escaped("a rejected promise was not awaited");
    const exit = process.exit;
    process.on("uncaughtException", thrown);
    process.on("unhandledRejection", rejected);
    process.exit = (code) => {
      if (this.#fail === null) return exit(code);
      const error = new StepExited(
        `the step called process.exit(${code ?? ""}): throw an error to fail, or return`,
      );
      this.#fail(userError(error));
      // The caller counts on going no further.
      throw error;
    };
    return () => {
      process.off("uncaughtException", thrown);
      process.off("unhandledRejection", rejected);
      process.exit = exit;
    };
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }
}

class StepExited extends Error {
  override name = "StepExited";
}
