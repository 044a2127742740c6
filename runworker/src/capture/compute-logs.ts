import { join } from "node:path";
import { LogStream } from "./log-stream.ts";

const CHUNK_BYTES = 256 * 1024;
const INTERVAL_MS = 500;

/** Log key of what a worker prints outside any step. */
export const WORKER_LOG = "worker";

export type StreamName = "out" | "err";
export type AppendLog = (
  logKey: string,
  stream: StreamName,
  offset: number,
  data: Uint8Array,
  signal: AbortSignal,
) => Promise<void>;

export interface ComputeLogsOptions {
  append: AppendLog;
  /** Folder for bytes that wait. */
  folder: string;
  /** Bytes kept of each stream. */
  limit: number;
  /** Called at the first byte of a log key. */
  onFirst: (logKey: string) => void;
  /** Called once when logs can no longer be sent; later output is dropped, the run goes on. */
  onError: (error: unknown) => void;
}

/** All output of a worker, sent in chunks of at most 256 KiB: at once when a chunk is full, else every half second. */
export class ComputeLogs {
  readonly #options: ComputeLogsOptions;
  readonly #streams = new Map<string, { logKey: string; name: StreamName; stream: LogStream }>();
  readonly #seen = new Set<string>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #failed = false;

  constructor(options: ComputeLogsOptions) {
    this.#options = options;
  }

  write(logKey: string, name: StreamName, data: Uint8Array): void {
    if (this.#failed || data.length === 0) return;
    if (!this.#seen.has(logKey)) {
      this.#seen.add(logKey);
      this.#options.onFirst(logKey);
    }
    const id = `${logKey}.${name}`;
    let entry = this.#streams.get(id);
    if (entry === undefined) {
      const file = join(this.#options.folder, encodeURIComponent(id));
      entry = { logKey, name, stream: new LogStream({ file, limit: this.#options.limit }) };
      this.#streams.set(id, entry);
    }
    entry.stream.write(data);
    if (this.#sending !== null) return;
    if (entry.stream.pending >= CHUNK_BYTES) void this.#start();
    else this.#timer ??= setTimeout(() => void this.#start(), INTERVAL_MS);
  }

  /** Resolves when everything written so far is stored, or can no longer be. */
  async flush(): Promise<void> {
    while (!this.#failed && [...this.#streams.values()].some(({ stream }) => stream.pending > 0))
      await this.#start();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#failed = true;
    this.#abort.abort();
    for (const { stream } of this.#streams.values()) stream.close();
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#send()
      .catch((error: unknown) => {
        if (this.#failed) return;
        this.#failed = true;
        this.#options.onError(error);
      })
      .finally(() => {
        this.#sending = null;
      });
    return this.#sending;
  }

  async #send(): Promise<void> {
    let sent = true;
    while (sent && !this.#failed) {
      sent = false;
      for (const { logKey, name, stream } of this.#streams.values()) {
        if (stream.pending === 0) continue;
        const chunk = stream.peek(CHUNK_BYTES);
        await this.#options.append(logKey, name, stream.offset, chunk, this.#abort.signal);
        stream.ack(chunk.length);
        sent = true;
      }
    }
  }
}
