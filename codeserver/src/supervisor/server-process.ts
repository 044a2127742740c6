/** One code server process: started, heard when ready, stopped. */
import { type ChildProcess, fork } from "node:child_process";
import { childEnv, childFlags, childMain, killGroup, Tail } from "../process/child-process.ts";
import type { Pong, Ready } from "../protocol.ts";
import type { ProcessSource } from "./location-source.ts";

const MAIN = childMain("../main", import.meta.url);
/** Definitions are small; a heap that may grow is for the evaluations of users. */
const YOUNG_GENERATION = "--max-semi-space-size=2";

/** A module that takes longer to load is taken to hang (ms). */
const LOAD_MS = 180_000;
const PING_MS = 10_000;
/** An event loop that user code blocks for longer makes the server unfit to serve its definitions (ms). */
const SILENT_MS = 60_000;

export type Output = (stream: "out" | "err", data: Buffer) => void;

export interface Limits {
  loadMs: number;
  pingMs: number;
  silentMs: number;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #tail = new Tail();
  #verdict: string | null = null;
  /** How it ended, in words. */
  readonly exited: Promise<string>;
  /** Resolves with its first message, or null when it ended before. */
  readonly ready: Promise<Ready | null>;

  constructor(
    source: ProcessSource,
    output: Output,
    limits: Limits = { loadMs: LOAD_MS, pingMs: PING_MS, silentMs: SILENT_MS },
  ) {
    const code = "file" in source ? ["--file", source.file] : ["--module", source.module];
    const attribute = source.attribute === undefined ? [] : ["--attribute", source.attribute];
    this.#child = fork(MAIN, [...code, ...attribute], {
      cwd: source.workingDirectory,
      env: { ...childEnv(), ...source.env },
      execArgv: [YOUNG_GENERATION, ...childFlags()],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Its own process group: Ctrl-C at the terminal is for the supervisor to hand on, and a kill reaches what user code started.
      detached: true,
    });
    this.#child.stdout?.on("data", (data: Buffer) => output("out", data));
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#tail.add(data);
      output("err", data);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once("exit", (code, signal) => {
        const how =
          this.#verdict ?? (signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`);
        setImmediate(() => resolve(`${how}${this.#tail}`));
      });
    });
    this.ready = new Promise((resolve) => {
      this.#child.once("message", (message) => resolve(message as Ready));
      void this.exited.then(() => resolve(null));
    });
    void this.#watch(limits);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end, and kills it after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(this.#child), graceMs);
    await this.exited;
    clearTimeout(timer);
    killGroup(this.#child);
  }

  async #watch({ loadMs, pingMs, silentMs }: Limits): Promise<void> {
    const late = setTimeout(
      () => this.#condemn(`did not load within ${loadMs / 1000} s and was killed`),
      loadMs,
    );
    const ready = await this.ready;
    clearTimeout(late);
    if (ready === null) return;
    let heard = Date.now();
    this.#child.on("message", (message: Pong) => {
      if (message.type === "pong") heard = Date.now();
    });
    const pinging = setInterval(() => {
      if (this.#child.connected) this.#child.send("ping", () => {});
      if (Date.now() - heard > silentMs) {
        this.#condemn(
          `was killed: user code blocked it for more than ${silentMs / 1000} s, probably a sensor or schedule`,
        );
      }
    }, pingMs);
    await this.exited;
    clearInterval(pinging);
  }

  #condemn(verdict: string): void {
    this.#verdict = verdict;
    killGroup(this.#child);
  }
}
