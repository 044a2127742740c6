/** Events not yet accepted, in order: in memory while the run API answers, in an append-only file while it does not. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const READ_BYTES = 1024 * 1024;
const NEWLINE = 10;

export interface OutboxOptions {
  /** The spool file; it exists only while something is in it. */
  file: string;
  /** Bytes in memory beyond which events go to the file, even while the API answers. Default 8 MiB. */
  memoryBytes?: number;
}

/** One line is the JSON text of `{seq, event}`; sequence numbers are without gaps. */
export class Outbox {
  readonly #file: string;
  readonly #memoryBytes: number;
  #memory: string[] = [];
  #bytes = 0;
  /** Sequence number of the oldest line, in the file or in memory. */
  #first: number;
  #next: number;
  #fd: number | null = null;
  /** Lines of the file not acknowledged; the file begins with `#fileSkip` bytes of acknowledged ones. */
  #fileLines = 0;
  #fileSkip = 0;
  #fileSize = 0;
  #unsynced = false;
  /** Lines at `#fileSkip`, read ahead. */
  #ahead: string[] = [];

  constructor(firstSeq: number, options: OutboxOptions) {
    this.#file = options.file;
    this.#memoryBytes = options.memoryBytes ?? 8 * 1024 * 1024;
    this.#first = firstSeq;
    this.#next = firstSeq;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  /** Takes the next sequence number. */
  push(event: unknown): void {
    const line = `{"seq":${this.#next++},"event":${JSON.stringify(event)}}`;
    this.#memory.push(line);
    this.#bytes += line.length;
    if (this.#bytes > this.#memoryBytes) this.spill();
  }

  /** Moves what is in memory to the file and makes it durable. The lines come back from `peek` as if nothing had happened. */
  spill(): void {
    if (this.#memory.length > 0) {
      if (this.#fd === null) {
        mkdirSync(dirname(this.#file), { recursive: true });
        this.#fd = openSync(this.#file, "w+", 0o600);
      }
      const data = Buffer.from(`${this.#memory.join("\n")}\n`);
      let written = 0;
      while (written < data.length)
        written += writeSync(this.#fd, data, written, data.length - written, this.#fileSize + written);
      this.#fileSize += data.length;
      this.#fileLines += this.#memory.length;
      this.#memory = [];
      this.#bytes = 0;
      this.#unsynced = true;
    }
    if (this.#unsynced && this.#fd !== null) fsyncSync(this.#fd);
    this.#unsynced = false;
  }

  /** Up to `max` of the oldest lines, at most `maxBytes` together but at least one. */
  peek(max: number, maxBytes: number): { from: number; lines: string[] } {
    const source = this.#fileLines > 0 ? this.#readAhead(max) : this.#memory;
    const lines: string[] = [];
    let bytes = 0;
    for (const line of source) {
      bytes += line.length;
      if (lines.length >= max || (lines.length > 0 && bytes > maxBytes)) break;
      lines.push(line);
    }
    return { from: this.#first, lines };
  }

  /** Forgets every line up to and with this sequence number. */
  ack(through: number): void {
    const count = Math.min(Math.max(0, through - this.#first + 1), this.size);
    this.#first += count;
    const fromFile = Math.min(count, this.#fileLines);
    if (fromFile > 0) {
      if (this.#ahead.length < fromFile) this.#readAhead(fromFile);
      for (const line of this.#ahead.splice(0, fromFile)) this.#fileSkip += Buffer.byteLength(line) + 1;
      this.#fileLines -= fromFile;
      if (this.#fileLines === 0 && this.#fd !== null) {
        ftruncateSync(this.#fd, 0);
        this.#fileSize = 0;
        this.#fileSkip = 0;
      }
    }
    for (const line of this.#memory.splice(0, count - fromFile)) this.#bytes -= line.length;
  }

  /** Forgets every line. */
  discard(): void {
    this.ack(this.#next - 1);
  }

  /** Removes the file, unless something is in it that nobody accepted. */
  close(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
    if (this.size === 0) rmSync(this.#file, { force: true });
  }

  #readAhead(count: number): string[] {
    if (this.#fd === null || this.#ahead.length >= Math.min(count, this.#fileLines)) return this.#ahead;
    let position = this.#fileSkip;
    for (const line of this.#ahead) position += Buffer.byteLength(line) + 1;
    let rest: Buffer = Buffer.alloc(0);
    while (this.#ahead.length < Math.min(count, this.#fileLines)) {
      const chunk = Buffer.alloc(READ_BYTES);
      const read = readSync(this.#fd, chunk, 0, READ_BYTES, position);
      if (read === 0) throw new Error(`the spool file ${this.#file} is shorter than what was written to it`);
      position += read;
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      let end = rest.indexOf(NEWLINE);
      while (end >= 0) {
        this.#ahead.push(rest.toString("utf8", 0, end));
        rest = rest.subarray(end + 1);
        end = rest.indexOf(NEWLINE);
      }
    }
    return this.#ahead;
  }
}
