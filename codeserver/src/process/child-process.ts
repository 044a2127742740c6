/** What every child process of ours that runs user code has in common. */
import type { ChildProcess } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 20;

/**
 * Environment to hand to user code: this process' own without `DAGSTER_OPERATOR_*` (it may name the database), and a folder
 * where Node keeps compiled modules, which saves each start a hundred milliseconds.
 */
export function childEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("DAGSTER_OPERATOR_"));
  return { NODE_COMPILE_CACHE: join(tmpdir(), "dagster-operator-compile-cache"), ...Object.fromEntries(own) };
}

/** Node flags of a child whose main file lies beside this code: sources want the condition `source`. */
export function childFlags(): string[] {
  return import.meta.url.endsWith(".ts") ? ["--conditions=source"] : [];
}

/** URL of a main file beside `from`, as source or built, whichever `from` is. `path` has no ending. */
export function childMain(path: string, from: string): URL {
  return new URL(path + (from.endsWith(".ts") ? ".ts" : ".js"), from);
}

/** Kills a process that was started `detached`, and all of its group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // ESRCH: nothing of the group is left, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last lines of a stream of text, for the message about a process that died. */
export class Tail {
  #bytes: Buffer = Buffer.alloc(0);

  add(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
  }

  /** Empty, or `; its last lines on stderr:` and at most 20 lines of at most 8 KiB. */
  toString(): string {
    const lines = this.#bytes.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
    return lines === "" ? "" : `; its last lines on stderr:\n${lines}`;
  }
}
