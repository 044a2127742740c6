/** One code server process: started, heard when ready, stopped. */
import { type ChildProcess, fork } from "node:child_process";
import type { Ready } from "../protocol.ts";
import type { ProcessSource } from "./location-source.ts";

const SOURCES = import.meta.url.endsWith(".ts");
const MAIN = new URL(`../main.${SOURCES ? "ts" : "js"}`, import.meta.url);
const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 20;
/** Definitions are small; a heap that may grow is for the evaluations of users. */
const YOUNG_GENERATION = "--max-semi-space-size=2";

export type Output = (stream: "out" | "err", data: Buffer) => void;

export class ServerProcess {
  readonly #child: ChildProcess;
  #tail: Buffer = Buffer.alloc(0);
  /** How it ended, in words. */
  readonly exited: Promise<string>;
  /** Resolves with its first message, or null when it ended before. */
  readonly ready: Promise<Ready | null>;

  constructor(source: ProcessSource, output: Output) {
    const code = "file" in source ? ["--file", source.file] : ["--module", source.module];
    const attribute = source.attribute === undefined ? [] : ["--attribute", source.attribute];
    this.#child = fork(MAIN, [...code, ...attribute], {
      cwd: source.workingDirectory,
      env: { ...ownEnv(), ...source.env },
      execArgv: [YOUNG_GENERATION, ...(SOURCES ? ["--conditions=source"] : [])],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Its own process group: Ctrl-C at the terminal is for the supervisor to hand on, and a kill reaches what user code started.
      detached: true,
    });
    this.#child.stdout?.on("data", (data: Buffer) => output("out", data));
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#tail = Buffer.concat([this.#tail, data]).subarray(-TAIL_BYTES);
      output("err", data);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once("exit", (code, signal) => {
        const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
        setImmediate(() => resolve(how + this.#lastLines()));
      });
    });
    this.ready = new Promise((resolve) => {
      this.#child.once("message", (message) => resolve(message as Ready));
      void this.exited.then(() => resolve(null));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end, and kills it after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
    this.#kill();
  }

  #kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      // ESRCH: nothing of the group is left, which is what was wanted.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  #lastLines(): string {
    const lines = this.#tail.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
    return lines === "" ? "" : `; its last lines on stderr:\n${lines}`;
  }
}

/** What is ours in the environment is not for user code: it may name the database. */
function ownEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("DAGSTER_OPERATOR_")),
  );
}
