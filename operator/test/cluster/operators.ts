/** Operators as processes of this machine: each that ends is started again, as a Deployment does. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { eventually } from "@dagster-operator/engine/testing";
import type { ClusterSystem } from "./cluster-system.ts";

export class Operators {
  readonly #system: ClusterSystem;
  readonly #server: string;
  readonly #alive = new Set<ChildProcess>();
  /** The one that said last that it leads. */
  #leader: ChildProcess | null = null;
  #count = 0;
  #stopped = false;

  /** `server`: the API server as they reach it. */
  constructor(system: ClusterSystem, server: string, replicas: number) {
    this.#system = system;
    this.#server = server;
    for (let n = 0; n < replicas; n++) this.#start();
  }

  /** Resolves once there is one that leads. */
  leader(): Promise<ChildProcess> {
    return eventually("an operator leads", () => this.#leader);
  }

  /** Kills the leader without a warning. */
  async kill(): Promise<void> {
    const leader = await this.leader();
    const exited = once(leader, "exit");
    leader.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const exits = [...this.#alive].map((child) => once(child, "exit"));
    for (const child of this.#alive) child.kill("SIGTERM");
    await Promise.all(exits);
  }

  #start(): void {
    const { databaseUrl, namespace, url } = this.#system;
    const identity = `operator-${this.#count++}`;
    const child = fork(
      new URL("./operator-process.ts", import.meta.url),
      [this.#server, databaseUrl, namespace, url, identity],
      { execArgv: ["--conditions=source", "--no-warnings"], stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    this.#alive.add(child);
    child.on("message", (message) => {
      if (message === "leads") this.#leader = child;
    });
    child.once("exit", () => {
      this.#alive.delete(child);
      if (this.#leader === child) this.#leader = null;
      if (!this.#stopped) setTimeout(() => !this.#stopped && this.#start(), 500);
    });
  }
}
