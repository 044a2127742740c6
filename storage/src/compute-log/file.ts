import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ComputeLog, Conflict } from "@dagster-operator/engine";
import { codeOf } from "../database/errors.ts";

type Id = Parameters<ComputeLog["read"]>[0];

/** stdout and stderr as files: `<folder>/<run id>/<log key>.out|err`. One process writes to the folder. */
export class FileComputeLog implements ComputeLog {
  readonly #folder: string;
  /** The last write to each file, so that writes to one follow each other. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  append(id: Id, offset: number, data: Uint8Array): Promise<void> {
    const path = this.#path(id);
    const before = this.#tails.get(path) ?? Promise.resolve();
    const write = before.then(() => appendAt(path, offset, data));
    // The next writer waits for this one, but its failure belongs to this caller alone.
    const tail = write
      .catch(() => undefined)
      .then(() => {
        if (this.#tails.get(path) === tail) this.#tails.delete(path);
      });
    this.#tails.set(path, tail);
    return write;
  }

  async read(id: Id, offset: number, max: number): Promise<{ data: Uint8Array; size: number }> {
    const file = await openIfThere(this.#path(id));
    if (!file) return { data: new Uint8Array(), size: 0 };
    try {
      const { size } = await file.stat();
      const data = new Uint8Array(Math.max(0, Math.min(max, size - offset)));
      let length = 0;
      while (length < data.length) {
        const { bytesRead } = await file.read(data, length, data.length - length, offset + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { data: data.subarray(0, length), size };
    } finally {
      await file.close();
    }
  }

  async delete(runId: string): Promise<void> {
    await rm(join(this.#folder, fileName(runId)), { recursive: true, force: true });
  }

  #path({ runId, logKey, stream }: Id): string {
    return join(this.#folder, fileName(runId), `${fileName(logKey)}.${stream}`);
  }
}

async function appendAt(path: string, offset: number, data: Uint8Array): Promise<void> {
  const file = await openForWriting(path);
  try {
    const { size } = await file.stat();
    if (offset > size)
      throw new Conflict(`log ${path} ends at ${size}: send again from there, not from ${offset}`);
    // A write that was cut off left a shorter file: what is missing comes again, at the same place.
    const known = size - offset;
    let written = known;
    while (written < data.length) {
      const { bytesWritten } = await file.write(data, written, data.length - written, offset + written);
      written += bytesWritten;
    }
  } finally {
    await file.close();
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  await mkdir(dirname(path), { recursive: true });
  // "a+" would ignore positions; "wx+" loses to another that made it meanwhile, and then it is there.
  return open(path, "wx+").catch((error) => {
    if (codeOf(error) === "EEXIST") return open(path, "r+");
    throw error;
  });
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** A file name that is readable for usual keys and safe, distinct and short enough for every key. */
function fileName(key: string): string {
  const safe = key.replace(/[^A-Za-z0-9._-]/g, (char) => (char === "[" || char === "]" ? char : "_"));
  if (safe === key && key.length <= 150 && !key.startsWith(".") && key !== "") return key;
  return `${safe.replace(/^\.+/, "_").slice(0, 120)}-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}
