import type { Readable } from "node:stream";
import { Tail } from "@dagster-operator/codeserver/process";

/** A child's output stream in which a mark (a zero byte, text, a zero byte), never passed on, says where a step's output ends. */
export class MarkedOutput {
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  /** The last lines since the step began. */
  readonly tail = new Tail();
  readonly #write: (data: Uint8Array) => void;
  #mark: { bytes: Buffer; found: () => void } | null = null;
  /** Bytes that may be the beginning of the mark. */
  #held: Buffer = Buffer.alloc(0);

  constructor(source: Readable, write: (data: Uint8Array) => void) {
    this.#write = write;
    source.on("data", (chunk: Buffer) => this.#data(chunk));
    this.ended = new Promise((resolve) => {
      source.once("close", () => {
        this.#pass(this.#held);
        this.#held = Buffer.alloc(0);
        resolve();
      });
    });
    source.on("error", () => source.destroy());
  }

  /** Resolves when `mark` has come by. Starts a new tail. */
  until(mark: string): Promise<void> {
    this.tail.clear();
    return new Promise((found) => {
      this.#mark = { bytes: Buffer.from(mark), found };
    });
  }

  /** Stops looking for the mark. */
  forget(): void {
    this.#mark = null;
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    this.#pass(held);
  }

  #data(chunk: Buffer): void {
    if (this.#mark === null) {
      this.#pass(chunk);
      return;
    }
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const { bytes, found } = this.#mark;
    const at = data.indexOf(bytes);
    if (at >= 0) {
      this.#mark = null;
      this.#held = Buffer.alloc(0);
      this.#pass(data.subarray(0, at));
      this.#pass(data.subarray(at + bytes.length));
      found();
      return;
    }
    const zero = data.lastIndexOf(bytes[0] ?? 0);
    const hold = zero >= 0 && data.length - zero < bytes.length ? zero : data.length;
    this.#pass(data.subarray(0, hold));
    this.#held = data.subarray(hold);
  }

  #pass(data: Buffer): void {
    if (data.length === 0) return;
    this.#write(data);
    this.tail.add(data);
  }
}
