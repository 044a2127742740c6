/** A real `dagsterctl` in a temporary project: started, asked and killed as a person would. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const BIN = new URL("../bin/dagsterctl.js", import.meta.url).pathname;
const SDK = new URL("../../sdk", import.meta.url).pathname;

export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Project {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "dagsterctl-")));
  readonly #started: ChildProcess[] = [];

  constructor(files: Record<string, string> = {}) {
    const modules = join(this.folder, "node_modules/@dagster-operator");
    mkdirSync(modules, { recursive: true });
    symlinkSync(SDK, join(modules, "sdk"));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a command to its end. */
  async ctl(...args: string[]): Promise<Answer> {
    return this.#run(args, "");
  }

  async ctlWithInput(input: string, ...args: string[]): Promise<Answer> {
    return this.#run(args, input);
  }

  /** As `ctl … -o json`, which must end well. */
  async json<T>(...args: string[]): Promise<T> {
    const answer = await this.ctl(...args, "-o", "json");
    if (answer.code !== 0)
      throw new Error(
        `dagsterctl ${args.join(" ")} ended with ${answer.code}: ${answer.stderr}${answer.stdout}`,
      );
    return JSON.parse(answer.stdout) as T;
  }

  /** Starts `dagsterctl dev` on a free port and waits until every location has loaded or failed to. */
  async dev(...args: string[]): Promise<Dev> {
    const child = this.spawn(["dev", "-p", "0", ...args]);
    const named = args.includes("--storage") ? (args[args.indexOf("--storage") + 1] ?? "") : "://";
    const storage = named.includes("://") ? ".dagster-operator" : named;
    const dev = new Dev(this, child, storage);
    await until("dagsterctl dev to be up", async () => {
      if (child.exitCode !== null)
        throw new Error(`dagsterctl dev ended with ${child.exitCode}:\n${dev.text()}`);
      return /^ {2}([✓✗]|No code)/m.test(dev.stdout) && existsSync(dev.factsFile);
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it has printed:\n${dev.text()}`);
    });
    return dev;
  }

  spawn(args: string[], node = process.execPath): ChildProcess {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(node, ["--conditions=source", BIN, ...args], {
      cwd: this.folder,
      env: { ...env, NO_COLOR: "1", DAGSTER_OPERATOR_URL: "" },
    });
    this.#started.push(child);
    return child;
  }

  async #run(args: string[], input: string): Promise<Answer> {
    const child = this.spawn(args);
    const answer: Answer = { code: null, stdout: "", stderr: "" };
    child.stdout?.on("data", (data: Buffer) => {
      answer.stdout += data.toString();
    });
    child.stderr?.on("data", (data: Buffer) => {
      answer.stderr += data.toString();
    });
    child.stdin?.end(input);
    const [code] = (await once(child, "close")) as [number | null];
    return { ...answer, code };
  }

  async remove(): Promise<void> {
    for (const child of this.#started)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export class Dev {
  stdout = "";
  stderr = "";
  readonly factsFile: string;
  readonly child: ChildProcess;
  readonly #project: Project;

  constructor(project: Project, child: ChildProcess, storage: string) {
    this.#project = project;
    this.child = child;
    this.factsFile = project.path(`${storage}/instance.json`);
    child.stdout?.on("data", (data: Buffer) => {
      this.stdout += data.toString();
    });
    child.stderr?.on("data", (data: Buffer) => {
      this.stderr += data.toString();
    });
  }

  get url(): string {
    return (JSON.parse(readFileSync(this.factsFile, "utf8")) as { url: string }).url;
  }

  text(): string {
    return this.stdout + this.stderr;
  }

  /** As Ctrl-C; gives the exit code. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = once(this.child, "close");
    this.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  async runs(): Promise<RunJson[]> {
    return this.#project.json<RunJson[]>("run", "list", "-n", "100");
  }

  /** Events of a run, oldest first. */
  async events(runId: string): Promise<EventJson[]> {
    const { stdout } = await this.#project.ctl("run", "logs", runId, "-o", "json");
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as EventJson);
  }

  async ended(runId: string): Promise<RunJson> {
    let run: RunJson | undefined;
    await until(`run ${runId} to end`, async () => {
      run = (await this.runs()).find((one) => one.runId === runId);
      return run !== undefined && ["SUCCESS", "FAILURE", "CANCELED"].includes(run.status);
    });
    return run as RunJson;
  }
}

export interface RunJson {
  runId: string;
  status: string;
  jobName: string;
  tags: { key: string; value: string }[];
}
export interface EventJson {
  eventType: string | null;
  stepKey: string | null;
  message: string;
  error?: { message: string; cause?: { message: string } | null } | null;
}

/** Polls; a test fails with what it waited for, not with jest's timeout. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 400_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`);
}

/** A Node of this machine that is too old for us, if it has one. */
export function olderNode(): string | null {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    const node = join(folder, "node");
    if (!existsSync(node)) continue;
    const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    const major = Number(/^v(\d+)/.exec(stdout)?.[1]);
    if (major >= 20 && major < 24) return node;
  }
  return null;
}

/** A process that its parent has told to end may take its time. */
export const allEnded = (folder: string): Promise<void> =>
  until("every process of it to end", async () => processesOf(folder).length === 0);

/** Processes whose command line or environment names the folder: none may stay. */
function processesOf(folder: string): number[] {
  return pids().filter((pid) => {
    try {
      const text =
        readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");
      const state = readFileSync(`/proc/${pid}/stat`, "utf8");
      return pid !== process.pid && text.includes(folder) && !/\) Z /.test(state);
    } catch {
      // It ended while we looked, or is another user's.
      return false;
    }
  });
}

const pids = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const DEFINITIONS = `
import { asset, Definitions, defineAssetJob, job, op, schedule } from "@dagster-operator/sdk";
import { appendFileSync, existsSync } from "node:fs";

const numbers = asset("numbers", { group: "raw" }, ({ log, metadata }) => {
  log.info("counting");
  metadata({ rows: 3 });
  return [1, 2, 3];
});
const total = asset("total", { inputs: { numbers } }, ({ inputs }) => inputs.numbers.reduce((a, b) => a + b, 0));
const broken = asset("broken", { inputs: { total } }, () => {
  if (!existsSync("repaired")) throw new Error("no luck");
  return 1;
});
const first = op("first", {}, () => { appendFileSync("first.ran", "x"); return 1; });
const wait = op("wait", { inputs: { after: first } }, async ({ log }) => {
  appendFileSync("wait.pid", process.pid + " " + process.ppid + "\\n");
  for (let turn = 0; !existsSync("go"); turn++) {
    log.info("turn " + turn);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
const waiting = job("waiting", () => { wait({ after: first() }); });
const totals = defineAssetJob("totals", { selection: "+total" });
export default new Definitions({
  assets: [numbers, total, broken],
  jobs: [waiting, totals],
  schedules: [schedule("nightly", { job: totals, cron: "0 0 29 2 *" })],
});
`;
