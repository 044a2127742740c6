/**
 * Events not yet accepted, in order. Each is written to an append-only file as it comes, so that a killed worker loses none:
 * whoever finds the file sends it. What is sent soon never leaves memory again; a long absence of the API is read from disk.
 */
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
  /** The spool file; it exists from the first event until everything was accepted. */
  file: string;
  /** Characters of lines kept in memory; what comes beyond is read back from the file. Default 8 Mi. */
  memory?: number;
}

/** One line is the JSON text of `{seq, event}`; sequence numbers are without gaps. Errors of the disk are thrown. */
export class Outbox {
  readonly #file: string;
  readonly #memory: number;
  /** Sequence number of the oldest line. */
  #first: number;
  #next: number;
  #fd: number | null = null;
  /** Where the oldest line begins, and where the next one goes. */
  #start = 0;
  #end = 0;
  /** The oldest lines, all of them or as many as memory is for, and where the first beyond them begins. */
  #cached: string[] = [];
  #cachedChars = 0;
  #cachedEnd = 0;
  #synced = true;

  constructor(firstSeq: number, options: OutboxOptions) {
    this.#file = options.file;
    this.#memory = options.memory ?? 8 * 1024 * 1024;
    this.#first = firstSeq;
    this.#next = firstSeq;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  /** Takes the next sequence number. */
  push(event: unknown): void {
    const line = `{"seq":${this.#next},"event":${JSON.stringify(event)}}`;
    const fd = this.#open();
    const data = Buffer.from(`${line}\n`);
    let written = 0;
    while (written < data.length)
      written += writeSync(fd, data, written, data.length - written, this.#end + written);
    if (this.#cached.length === this.size && this.#cachedChars <= this.#memory)
      this.#cache(line, data.length);
    this.#next += 1;
    this.#end += data.length;
    this.#synced = false;
  }

  /** Makes everything pushed survive a crash of the machine too. */
  sync(): void {
    if (!this.#synced && this.#fd !== null) fsyncSync(this.#fd);
    this.#synced = true;
  }

  /** Up to `max` of the oldest lines, at most `maxChars` together but at least one. */
  peek(max: number, maxChars: number): { from: number; lines: string[] } {
    this.#readAhead(max);
    const lines: string[] = [];
    let chars = 0;
    for (const line of this.#cached) {
      chars += line.length;
      if (lines.length >= max || (lines.length > 0 && chars > maxChars)) break;
      lines.push(line);
    }
    return { from: this.#first, lines };
  }

  /** Forgets every line up to and with this sequence number. */
  ack(through: number): void {
    const count = Math.min(Math.max(0, through - this.#first + 1), this.size);
    this.#readAhead(count);
    for (const line of this.#cached.splice(0, count)) {
      this.#cachedChars -= line.length;
      this.#start += Buffer.byteLength(line) + 1;
    }
    this.#first += count;
    if (this.size > 0 || this.#fd === null) return;
    ftruncateSync(this.#fd, 0);
    this.#start = 0;
    this.#end = 0;
    this.#cachedEnd = 0;
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

  #open(): number {
    if (this.#fd === null) {
      mkdirSync(dirname(this.#file), { recursive: true });
      this.#fd = openSync(this.#file, "w+", 0o600);
    }
    return this.#fd;
  }

  #cache(line: string, bytes: number): void {
    this.#cached.push(line);
    this.#cachedChars += line.length;
    this.#cachedEnd += bytes;
  }

  #readAhead(count: number): void {
    const wanted = Math.min(count, this.size);
    let rest: Buffer = Buffer.alloc(0);
    while (this.#cached.length < wanted && this.#fd !== null) {
      const chunk = Buffer.alloc(READ_BYTES);
      const read = readSync(this.#fd, chunk, 0, READ_BYTES, this.#cachedEnd + rest.length);
      if (read === 0) throw new Error(`the spool file ${this.#file} is shorter than what was written to it`);
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      let begin = 0;
      let end = rest.indexOf(NEWLINE);
      while (end >= 0) {
        this.#cache(rest.toString("utf8", begin, end), end + 1 - begin);
        begin = end + 1;
        end = rest.indexOf(NEWLINE, begin);
      }
      rest = rest.subarray(begin);
    }
  }
}
