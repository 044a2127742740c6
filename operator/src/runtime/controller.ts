import { WorkQueue } from "./work-queue.ts";

/** What a reconcile wants next: nothing until something changes, or another look after `requeueAfterMs`. */
export type ReconcileResult = { requeueAfterMs: number } | undefined;

export interface ControllerMetrics {
  reconciled(controller: string, result: "success" | "requeue" | "error", seconds: number): void;
  depth(controller: string, depth: number): void;
}

export interface ControllerOptions {
  /** Lower-case kind, for logs and metrics: `codelocation`. */
  name: string;
  /**
   * Brings the world to what the object named by `key` asks for. Called for one key at a time, with any number of changes
   * folded into one call, so it looks at the present state and never at "what happened".
   */
  reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult>;
  /** Keys worked on at once. Default 4. */
  workers?: number;
  metrics?: ControllerMetrics;
  onError: (key: string, error: unknown) => void;
}

/** The loop of one kind: takes keys, reconciles, and alone decides when a key comes again. */
export class Controller {
  readonly queue = new WorkQueue();
  readonly #options: ControllerOptions;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Works until `signal` aborts, then finishes what it holds. */
  async run(signal: AbortSignal): Promise<void> {
    const close = () => this.queue.close();
    if (signal.aborted) close();
    signal.addEventListener("abort", close, { once: true });
    await Promise.all(Array.from({ length: this.#options.workers ?? 4 }, () => this.#work(signal)));
    signal.removeEventListener("abort", close);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.queue.take();
      if (key === null) return;
      await this.#reconcile(key, signal);
      this.queue.done(key);
      this.#options.metrics?.depth(this.#options.name, this.queue.depth);
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconcile, metrics, onError } = this.#options;
    const started = performance.now();
    const count = (result: Parameters<ControllerMetrics["reconciled"]>[1]) =>
      metrics?.reconciled(name, result, (performance.now() - started) / 1000);
    try {
      const result = await reconcile(key, signal);
      this.queue.forget(key);
      if (result) this.queue.addAfter(key, result.requeueAfterMs);
      count(result ? "requeue" : "success");
    } catch (error) {
      onError(key, error);
      this.queue.addRateLimited(key);
      count("error");
    }
  }
}
