import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventually } from "./manual-clock.ts";

/** Does it run? One that has ended but that nobody has asked after yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // no such process
  }
}

export const processEnded = (pid: number): Promise<boolean> =>
  eventually(`process ${pid} ends`, () => !isAlive(pid));

/** A process of the system as its image starts it: by `bin/dagster-operator`, with this environment alone. */
export class SystemProcess {
  readonly child: ChildProcess;
  /** Both streams so far; all of it once `ended` has resolved. */
  output = "";
  /** Its exit code, null after a signal. */
  readonly ended: Promise<number | null>;

  constructor(args: string[], env: Record<string, string>) {
    const launcher = fileURLToPath(new URL("../../../bin/dagster-operator", import.meta.url));
    this.child = spawn(process.execPath, ["--conditions=source", launcher, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (data) => {
        this.output += data;
      });
    // Not "exit": what it said last may come behind that.
    this.ended = once(this.child, "close").then(([code]) => code as number | null);
  }

  /** Of what it serves, which its log says. */
  port(): Promise<string> {
    return eventually("it says its port", () => /"port":(\d+)/.exec(this.output)?.[1]);
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
