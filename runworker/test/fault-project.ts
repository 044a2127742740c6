/** User code with every way to go wrong, and a system around it: run API, artifacts, spool, backend. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkerExit } from "@dagster-operator/engine";
import type { RunContext, RunEvent } from "@dagster-operator/sdk/internal";
import { LocalProcessBackend, type RunSource } from "../src/launcher/index.ts";
import { RunApiServer } from "./run-api-server.ts";

const DEFINITIONS = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { asset, Definitions, job, op, z } from "@dagster-operator/sdk";

const fine = op("fine", () => { console.log("fine on stdout"); console.error("fine on stderr"); return 1; });
const beside = (name, compute, options = {}) => {
  const faulty = op(name + "_op", options, compute);
  const after = op("after_" + name, { inputs: { value: faulty } }, () => 1);
  return job(name, () => { after({ value: faulty() }); fine(); });
};
const source = op("source", () => 20);
const plus = op("plus", { inputs: { value: source }, config: z.object({ by: z.number().default(1) }) }, ({ inputs, config, log }) => {
  log.info("adding");
  return inputs.value + config.by;
});
const chain = job("chain", () => {
  let value = source();
  for (let i = 0; i < 20; i++) value = plus.as("plus_" + i)({ value });
});

export default new Definitions({
  assets: [asset("numbers", {}, () => [1, 2, 3])],
  jobs: [
    chain,
    job("quick", () => { fine(); }),
    beside("throws", () => { console.log("about to throw"); throw new RangeError("out of range"); }),
    beside("throws_value", () => { throw "just text"; }),
    beside("hangs", () => { writeFileSync("hanging", ""); return new Promise(() => {}); }),
    beside("stubborn", () => { writeFileSync("stubborn", ""); const end = Date.now() + 300_000; while (Date.now() < end); }),
    beside("exits", () => { console.error("leaving now"); process.exit(3); }),
    beside("killed", () => { console.error("last words"); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); }),
    beside("dies", () => { console.error("fatal: no luck"); process.reallyExit(5); }),
    beside("slow", async () => { while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20)); return 1; }),
    beside("unstorable", () => () => "a function"),
    beside("floating", () => { void Promise.reject(new Error("nobody waits")); return new Promise((resolve) => setTimeout(resolve, 300_000)); }),
    beside("later", () => { setTimeout(() => { throw new Error("too late"); }, 5); return new Promise((resolve) => setTimeout(resolve, 300_000)); }),
    beside("retried", () => {
      appendFileSync("tries", "x");
      if (!existsSync("tried")) { writeFileSync("tried", ""); process.exit(9); }
      return 1;
    }, { retryPolicy: { maxRetries: 1 } }),
    beside("prints", () => {
      const line = "0123456789".repeat(100) + "\\n";
      for (let i = 0; i < 100_000; i++) process.stdout.write(line);
      console.log("the end");
      return 1;
    }),
    beside("many", ({ log }) => { for (let i = 0; i < 20_000; i++) log.info("line " + i); return 1; }),
    beside("spawns", () => {
      const child = spawn("sleep", ["1000"], { stdio: "ignore" });
      writeFileSync("grandchild", String(child.pid));
      return new Promise(() => {});
    }),
  ],
});
`;

export class FaultProject {
  readonly folder = mkdtempSync(join(tmpdir(), "faults-"));
  readonly api = new RunApiServer();
  readonly backend: LocalProcessBackend;
  readonly #exits: WorkerExit[] = [];
  #heard = Promise.withResolvers<void>();

  constructor(env: Record<string, string> = {}) {
    mkdirSync(this.path("code"));
    writeFileSync(this.path("code/definitions.ts"), DEFINITIONS);
    writeFileSync(this.path("code/broken.ts"), 'throw new Error("broken at import");');
    this.backend = new LocalProcessBackend({
      source: (location) => this.source(location, env),
      artifacts: this.path("artifacts"),
      spool: this.path("spool"),
    });
    this.backend.onExit((exit) => {
      this.#exits.push(exit);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    });
  }

  source(location: string, env: Record<string, string> = {}): RunSource | null {
    const file = { here: "definitions.ts", broken: "broken.ts" }[location];
    return file === undefined ? null : { file, workingDirectory: this.path("code"), env };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async launch(runId: string, job: string, more: Partial<RunContext> = {}): Promise<void> {
    const { location = "here", attempt = 1 } = more;
    this.api.add({ runId, job, ...more });
    await this.backend.launch({
      runId,
      location,
      attempt,
      codeVersion: null,
      url: this.api.url,
      token: `token-${runId}`,
    });
  }

  async exit(runId: string): Promise<WorkerExit> {
    for (;;) {
      const exit = this.#exits.find((one) => one.runId === runId);
      if (exit) return exit;
      await this.#heard.promise;
    }
  }

  /** Launches and waits for its end. */
  async run(runId: string, job: string, more: Partial<RunContext> = {}): Promise<WorkerExit> {
    await this.launch(runId, job, more);
    return await this.exit(runId);
  }

  events<T extends RunEvent["type"]>(runId: string, type: T): Extract<RunEvent, { type: T }>[] {
    const events = this.api.run(runId).events.map(({ event }) => event);
    return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  }

  steps(runId: string, type: RunEvent["type"]): string[] {
    return this.events(runId, type)
      .map((event) => event.stepKey ?? "")
      .sort();
  }

  async close(): Promise<void> {
    await this.backend.close();
    await this.api.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
