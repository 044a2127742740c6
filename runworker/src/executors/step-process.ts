/** One forked step worker as its run worker sees it: a step in, events and output and a result out, never a rejection. */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { childFlags, childMain } from "@dagster-operator/codeserver/process";
import type { EmitEvent, StepRequest, StepResult } from "@dagster-operator/sdk/internal";
import { type StreamName, WORKER_LOG } from "../capture/compute-logs.ts";
import { MarkedOutput } from "./marked-output.ts";
import type { Answer, Command } from "./step-protocol.ts";

const MAIN = childMain("./step-worker", import.meta.url);
/** How long to wait for output that a dead or finished step has written (ms). */
const DRAIN_MS = 2_000;
const LAST_LOOK_MS = 100;

export type WriteLog = (logKey: string, stream: StreamName, data: Uint8Array) => void;

export class StepProcess {
  readonly #child: ChildProcess;
  readonly #out: MarkedOutput;
  readonly #err: MarkedOutput;
  readonly #exited: Promise<string>;
  #alive = true;
  #logKey = WORKER_LOG;
  #step: { emit: EmitEvent; end: (result: StepResult) => void } | null = null;
  #loadError: Extract<Answer, { type: "load_failed" }>["error"] | null = null;

  constructor(options: { write: WriteLog; env: NodeJS.ProcessEnv }) {
    this.#child = fork(MAIN, [], {
      env: options.env,
      execArgv: childFlags(),
      stdio: ["ignore", "pipe", "pipe", "pipe", "ipc"],
    });
    const [, stdout, stderr, answers] = this.#child.stdio as unknown as [null, Readable, Readable, Readable];
    this.#out = new MarkedOutput(stdout, (data) => options.write(this.#logKey, "out", data));
    this.#err = new MarkedOutput(stderr, (data) => options.write(this.#logKey, "err", data));
    const lines = createInterface({ input: answers, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => this.#answer(JSON.parse(line)));
    const closed = new Promise<void>((resolve) => lines.once("close", resolve));
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once("exit", (code, signal) => {
        this.#alive = false;
        const how =
          signal === null ? `ended with exit code ${code} before the step did` : `was killed by ${signal}`;
        void within(Promise.all([closed, this.#out.ended, this.#err.ended])).then(() => resolve(how));
      });
    });
  }

  /** False once the process is gone: it takes no more steps. */
  get alive(): boolean {
    return this.#alive && this.#child.connected;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** One step at a time. After `signal` aborts the process is gone when this resolves. */
  async run(
    request: StepRequest,
    logKey: string,
    emit: EmitEvent,
    signal: AbortSignal,
    graceMs: number,
  ): Promise<StepResult> {
    this.#logKey = logKey;
    const ended = Promise.withResolvers<StepResult>();
    this.#step = { emit, end: ended.resolve };
    void this.#exited.then((how) => ended.resolve(this.#died(how)));
    const marker = `\u0000${randomUUID()}\u0000`;
    const drained = Promise.all([this.#out.until(marker), this.#err.until(marker)]);
    let grace: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#send({ type: "cancel" });
      grace = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    };
    this.#send({ type: "run", request, marker });
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    const result = await ended.promise;
    signal.removeEventListener("abort", cancel);
    clearTimeout(grace);
    this.#step = null;
    if (this.#alive) await within(drained);
    this.#out.forget();
    this.#err.forget();
    this.#logKey = WORKER_LOG;
    if (!signal.aborted) return result;
    // Its resources are closed, and what the step left behind in its process does not go on after the cancel.
    await this.stop(graceMs);
    return { kind: "canceled" };
  }

  /** Lets it close its resources; kills it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #send(command: Command): void {
    // A failure to send means that the process is ending; its exit is what tells the step's result.
    if (this.#child.connected) this.#child.send(command, () => {});
  }

  #answer(answer: Answer): void {
    if (answer.type === "event") this.#step?.emit(answer.event);
    else if (answer.type === "result") this.#step?.end(answer.result);
    else {
      this.#loadError = answer.error;
      this.#child.kill("SIGKILL");
    }
  }

  #died(how: string): StepResult {
    if (this.#loadError !== null) return { kind: "failure", error: this.#loadError, retryable: false };
    const message = `the step's process (pid ${this.pid ?? "none"}) ${how}${this.#err.tail}`;
    return { kind: "failure", error: { name: "StepProcessDied", message }, retryable: true };
  }
}

function within(promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    // A process that stood still as long reads first what has come meanwhile.
    let timer = setTimeout(() => {
      timer = setTimeout(resolve, LAST_LOOK_MS);
    }, DRAIN_MS);
    void promise.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
