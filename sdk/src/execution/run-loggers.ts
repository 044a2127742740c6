/** The loggers that run config names, in one process: made when the first step begins, told of what its steps log. */
import type { LoggerDefinition, LogRecord, WriteRecord } from "../logger/logger.ts";
import type { RunEvent } from "../model/event.ts";
import type { RunInfo } from "./context.ts";
import { errorInfo } from "./user-errors.ts";

interface Made {
  name: string;
  write: WriteRecord;
  close: (() => unknown) | undefined;
  /** What it was given and has not dealt with. */
  pending: Set<Promise<unknown>>;
  failed: boolean;
}

export class RunLoggers {
  readonly #known: ReadonlyMap<string, LoggerDefinition>;
  readonly #config: Readonly<Record<string, { config?: unknown } | null>>;
  readonly #run: RunInfo;
  #opening: Promise<void> | null = null;
  #made: Made[] = [];

  constructor(
    known: ReadonlyMap<string, LoggerDefinition>,
    config: Readonly<Record<string, { config?: unknown } | null>>,
    run: RunInfo,
  ) {
    this.#known = known;
    this.#config = config;
    this.#run = run;
  }

  /** @throws when one cannot be made: then no step runs */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    for (const [name, given] of Object.entries(this.#config)) {
      const definition = this.#known.get(name);
      if (definition === undefined) throw new Error(`there is no logger ${name}`);
      const context = { config: definition.schema?.parse(given?.config), run: this.#run };
      let made: unknown;
      try {
        made = await definition.create(context as never);
      } catch (cause) {
        throw new Error(`logger ${name} could not be made: ${errorInfo(cause).message}`, { cause });
      }
      const { write, close } = (typeof made === "function" ? { write: made } : (made ?? {})) as Partial<Made>;
      if (typeof write !== "function")
        throw new TypeError(`logger ${name} made neither a function nor an object with write`);
      this.#made.push({
        name,
        // Called as a method: an object may keep what it needs in itself.
        write:
          typeof made === "function" ? write : (record) => (made as { write: WriteRecord }).write(record),
        close: close && (() => (made as { close: () => unknown }).close()),
        pending: new Set(),
        failed: false,
      });
    }
  }

  tell(event: RunEvent): void {
    if (this.#made.length === 0) return;
    const { runId, job } = this.#run;
    const record: LogRecord = {
      ts: event.ts,
      level: event.level,
      message: event.message,
      type: event.type,
      stepKey: event.stepKey,
      job,
      runId,
      fields: event.type === "LOG_MESSAGE" ? event.fields : undefined,
      error: "error" in event ? event.error : undefined,
    };
    for (const made of this.#made) {
      try {
        const done: unknown = made.write(record);
        if (!(done instanceof Promise)) continue;
        const settled = done.catch((error: unknown) => this.#failed(made, error));
        made.pending.add(settled);
        void settled.finally(() => made.pending.delete(settled));
      } catch (error) {
        this.#failed(made, error);
      }
    }
  }

  /** A log that cannot be written is no reason to stop the work; said once, where its operator looks. */
  #failed(made: Made, error: unknown): void {
    if (made.failed) return;
    made.failed = true;
    process.stderr.write(`WARNING logger ${made.name} failed: ${errorInfo(error).message}\n`);
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    for (const made of this.#made) {
      await Promise.all(made.pending);
      try {
        await made.close?.();
      } catch (error) {
        this.#failed(made, error);
      }
    }
    this.#made = [];
  }
}
