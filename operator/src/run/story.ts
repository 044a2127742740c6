import { NotFound, type Storage } from "@dagster-operator/engine";
import type { Metadata, RunEvent } from "@dagster-operator/sdk/internal";

/** Writes what happens around a run's pods into its event log, in order. A fault is told and costs one line of the log, nothing else. */
export class Story {
  readonly #storage: Storage;
  readonly #onFault: (what: string, error: unknown) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(storage: Storage, onFault: (what: string, error: unknown) => void) {
    this.#storage = storage;
    this.#onFault = onFault;
  }

  tell(
    runId: string,
    level: "INFO" | "WARNING" | "ERROR",
    message: string,
    metadata: Record<string, string> = {},
    stepKey?: string,
  ): void {
    const event: RunEvent = {
      type: "ENGINE_EVENT",
      ts: Date.now(),
      level,
      message,
      ...(stepKey !== undefined && { stepKey }),
      metadata: Object.fromEntries(
        Object.entries(metadata).map(([name, value]) => [name, { type: "text", value }]),
      ) as Metadata,
    };
    this.#last = this.#last.then(async () => {
      try {
        await this.#storage.events.report(runId, [event]);
      } catch (error) {
        if (!(error instanceof NotFound))
          this.#onFault(`the event log of run ${runId} misses "${message}"`, error);
      }
    });
  }

  async settle(): Promise<void> {
    await this.#last;
  }
}
