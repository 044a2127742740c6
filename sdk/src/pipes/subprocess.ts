/** Runs a command of any language as part of a step. */
import { AsyncResource } from "node:async_hooks";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { resource } from "../resource/resource.ts";
import { startGuard } from "./guard.ts";
import { openPipesSession, type PipesResult, type PipesSession, type PipesStep } from "./session.ts";

/** Lines of output that the error of a failed command shows. */
const LAST_LINES = 20;
/** How long the streams of a command that has ended are read. */
const STREAMS_MS = 2000;

export interface PipesCommand {
  /** Program and arguments, without a shell: `["python", "train.py", "--fast"]`. */
  command: readonly [string, ...string[]];
  /** The step that it works for: what the asset's or op's function was given. */
  context: PipesStep;
  /** Plain data for it: `context.get_extra("name")` in Python. */
  extras?: Readonly<Record<string, unknown>>;
  /** Added to this process' environment and to the resource's `env`. */
  env?: Readonly<Record<string, string>>;
  /** Default: the resource's `cwd`, else this process' folder. */
  cwd?: string;
}

/** What a step's function is given for `resources: { pipes: pipesSubprocess }`; a test gives an object with its own `run`. */
export interface PipesSubprocess {
  /**
   * Runs the command to its end. What it reports is recorded as it comes; stdout and stderr go to the step's compute log.
   * When the run is cancelled the command and all that it started get SIGTERM, and SIGKILL after `killAfterSeconds`.
   * @throws PipesExecutionError when it cannot be started, ends with another code than 0, or closed with an exception
   */
  run(command: PipesCommand): Promise<PipesResult>;
}

/** The command failed. The cause is the exception that it reported, if it did. */
export class PipesExecutionError extends Error {
  override name = "PipesExecutionError";
  /** null when a signal ended it or it could not be started. */
  readonly exitCode: number | null;
  constructor(message: string, exitCode: number | null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/**
 * Runs commands that may speak the open Dagster Pipes protocol, for example Python with the package `dagster-pipes`.
 * @example
 * asset("model", { resources: { pipes: pipesSubprocess } }, async (context) => {
 *   await context.resources.pipes.run({ command: ["python", "train.py"], context, extras: { epochs: 3 } });
 * });
 */
export const pipesSubprocess = resource({
  type: "pipes",
  description: "Runs commands that speak Dagster Pipes",
  config: z
    .object({
      env: z.record(z.string(), z.string()).default({}).describe("Added to the environment of each command"),
      cwd: z.string().optional().describe("Folder in which commands start; default: this process'"),
      killAfterSeconds: z
        .number()
        .positive()
        .default(10)
        .describe("Seconds from SIGTERM to SIGKILL when the run is cancelled"),
    })
    .prefault({}),
  create: ({ config }): PipesSubprocess => new SubprocessClient(config),
});

interface Settings {
  env: Record<string, string>;
  cwd?: string | undefined;
  killAfterSeconds: number;
}

class SubprocessClient implements PipesSubprocess, AsyncDisposable {
  readonly #settings: Settings;
  readonly #running = new Set<Promise<unknown>>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async run(options: PipesCommand): Promise<PipesResult> {
    const { context, extras } = options;
    context.signal.throwIfAborted();
    const session = await openPipesSession({ context, ...(extras && { extras }) });
    const ended = this.#run(options, session);
    this.#running.add(ended);
    try {
      return await ended;
    } finally {
      this.#running.delete(ended);
    }
  }

  async #run(options: PipesCommand, session: PipesSession): Promise<PipesResult> {
    let outcome: Outcome;
    try {
      outcome = await this.#execute(options, session);
    } finally {
      await session.close();
    }
    conclude(options, session, outcome);
    return session.result;
  }

  async #execute(options: PipesCommand, { env, folder }: PipesSession): Promise<Outcome> {
    const [program, ...args] = options.command;
    const { signal } = options.context;
    const { killAfterSeconds } = this.#settings;
    const guard = startGuard(killAfterSeconds, folder);
    const child = spawn(program, args, {
      cwd: options.cwd ?? this.#settings.cwd,
      env: { ...process.env, ...this.#settings.env, ...options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a process group of its own, which a cancel ends as a whole
    });
    if (child.pid !== undefined) guard.watch(child.pid);
    const tail = new Tail();
    passOn(child.stdout, process.stdout, tail);
    passOn(child.stderr, process.stderr, tail);
    let killing: NodeJS.Timeout | undefined;
    const cancel = () => {
      signalGroup(child, "SIGTERM");
      killing = setTimeout(() => signalGroup(child, "SIGKILL"), killAfterSeconds * 1000);
    };
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      const closed = new Promise((resolve) => child.once("close", resolve));
      const [code, killedBy] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
      // Something that it started and left behind may hold its streams open.
      await Promise.race([closed, sleep(STREAMS_MS, undefined, { ref: false })]);
      return { code, killedBy, lines: tail.lines() };
    } catch (cause) {
      throw new PipesExecutionError(
        `${shown(options)} could not be started: ${(cause as Error).message}. Is ${program} installed where this step runs, and is its folder there?`,
        null,
        cause,
      );
    } finally {
      clearTimeout(killing);
      signal.removeEventListener("abort", cancel);
      // What it left behind in its group would outlive the step.
      if (signal.aborted) signalGroup(child, "SIGKILL");
      guard.release();
    }
  }

  /** Waits for commands that a cancel is ending, so that none outlives this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}

interface Outcome {
  code: number | null;
  killedBy: NodeJS.Signals | null;
  lines: string;
}

function conclude(options: PipesCommand, session: PipesSession, { code, killedBy, lines }: Outcome): void {
  const { log, signal } = options.context;
  signal.throwIfAborted();
  const what = shown(options);
  const said = session.exception === undefined ? "" : `: ${session.exception.message}`;
  if (code !== 0) {
    const how =
      killedBy === null
        ? `ended with exit code ${code}`
        : `was ended by ${killedBy}${killedBy === "SIGKILL" ? ", perhaps for want of memory" : ""}`;
    const last = lines === "" ? "It printed nothing." : `Its last lines:\n${lines}`;
    throw new PipesExecutionError(`${what} ${how}${said}. ${last}`, code, session.exception);
  }
  if (session.exception !== undefined)
    throw new PipesExecutionError(
      `${what} closed its Dagster Pipes session with an error${said}`,
      code,
      session.exception,
    );
  if (!session.opened)
    log.warn(
      `${what} ended well but opened no Dagster Pipes session, so nothing that it did is recorded: call open_dagster_pipes() in it, or leave this be if it is a plain command`,
    );
  else if (!session.closed)
    log.warn(
      `${what} ended well but did not close its Dagster Pipes session, so what it said last may be missing: use "with open_dagster_pipes() as context:"`,
    );
}

const shown = ({ command }: PipesCommand) => {
  const text = command.join(" ");
  return `command "${text.length > 120 ? `${text.slice(0, 120)}…` : text}"`;
};

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return; // it never started
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== -constants.errno.ESRCH) throw error;
  }
}

/** To this process' own stream, which is captured for the step in whose asynchronous context it is written. */
function passOn(from: Readable, to: NodeJS.WriteStream, tail: Tail): void {
  const write = AsyncResource.bind((data: Buffer) => {
    to.write(data);
    tail.add(data);
  });
  from.on("data", write);
}

/** The last lines of what a command printed, both streams as they came. */
class Tail {
  #text = "";
  readonly #limit = 16 * 1024;

  add(data: Buffer): void {
    this.#text = (this.#text + data.toString("utf8")).slice(-this.#limit);
  }

  lines(): string {
    return this.#text.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
  }
}
