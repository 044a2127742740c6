/** One of a step's two output streams: bytes in, chunks by offset out. Beyond 1 MiB not yet sent, bytes wait on disk. */
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const MEMORY_BYTES = 1024 * 1024;

export interface LogStreamOptions {
  /** Where bytes wait that do not fit into memory. Removed by `close`. */
  file: string;
  /** Bytes kept; what comes after them is dropped, and a last line says so. */
  limit: number;
}

export class LogStream {
  readonly #options: LogStreamOptions;
  #memory: Buffer[] = [];
  #memoryBytes = 0;
  #fd: number | null = null;
  #fileRead = 0;
  #fileSize = 0;
  #taken = 0;
  #truncated = false;
  /** Offset of the first byte not yet sent. */
  offset = 0;

  constructor(options: LogStreamOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#memoryBytes + this.#fileSize - this.#fileRead;
  }

  write(data: Uint8Array): void {
    if (this.#truncated || data.length === 0) return;
    const room = this.#options.limit - this.#taken;
    const kept = Buffer.from(data.length > room ? data.subarray(0, room) : data);
    this.#taken += kept.length;
    this.#add(kept);
    if (kept.length === data.length) return;
    this.#truncated = true;
    this.#add(Buffer.from(`\n[dagster-operator] output beyond ${this.#options.limit} bytes is not kept\n`));
  }

  /** Up to `max` of the oldest bytes not yet sent. */
  peek(max: number): Buffer {
    if (this.#fd === null || this.#fileRead === this.#fileSize)
      return Buffer.concat(this.#memory).subarray(0, max);
    const chunk = Buffer.allocUnsafe(Math.min(max, this.#fileSize - this.#fileRead));
    const read = readSync(this.#fd, chunk, 0, chunk.length, this.#fileRead);
    return chunk.subarray(0, read);
  }

  /** Forgets `count` bytes that `peek` gave. */
  ack(count: number): void {
    this.offset += count;
    const fromFile = Math.min(count, this.#fileSize - this.#fileRead);
    this.#fileRead += fromFile;
    if (fromFile < count) {
      const rest = Buffer.concat(this.#memory).subarray(count - fromFile);
      this.#memory = rest.length === 0 ? [] : [rest];
      this.#memoryBytes = rest.length;
    }
    if (this.#fd !== null && this.#fileRead === this.#fileSize) this.close();
  }

  /** Lets go of the file. */
  close(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    rmSync(this.#options.file, { force: true });
    this.#fd = null;
    this.#fileRead = 0;
    this.#fileSize = 0;
  }

  #add(data: Buffer): void {
    if (this.#fd === null && this.#memoryBytes + data.length <= MEMORY_BYTES) {
      this.#memory.push(data);
      this.#memoryBytes += data.length;
      return;
    }
    if (this.#fd === null) {
      mkdirSync(dirname(this.#options.file), { recursive: true });
      this.#fd = openSync(this.#options.file, "w+", 0o600);
      for (const waiting of this.#memory) this.#append(this.#fd, waiting);
      this.#memory = [];
      this.#memoryBytes = 0;
    }
    this.#append(this.#fd, data);
  }

  #append(fd: number, data: Buffer): void {
    let written = 0;
    while (written < data.length)
      written += writeSync(fd, data, written, data.length - written, this.#fileSize + written);
    this.#fileSize += data.length;
  }
}
