/** A code server process as a test holds it. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { HttpCodeLocation } from "../src/client/index.ts";
import type { Address, Ready } from "../src/protocol.ts";

const MAIN = new URL("../src/main.ts", import.meta.url);

export interface Started {
  child: ChildProcess;
  ready: Ready;
  /** Of a file in its working folder. */
  path(name: string): string;
  code: HttpCodeLocation;
  get(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function startCodeServer(cwd: string, args: string[]): Promise<Started> {
  const child = fork(MAIN, args, {
    cwd,
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr?.on("data", (data) => {
    stderr += data;
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once("message", (message) => resolve(message as Ready));
    // Not "exit": what it said last may come behind that.
    child.once("close", (status) => reject(new Error(`the code server ended with ${status}: ${stderr}`)));
  });
  const code = new HttpCodeLocation(ready.address, { timeoutMs: 120_000 });
  const { host, port } = ready.address as Extract<Address, { host: string }>;
  return {
    child,
    ready,
    path: (name) => join(cwd, name),
    code,
    get: (path, init) => fetch(`http://${host}:${port}${path}`, init),
    close: async () => {
      code.close();
      child.kill("SIGTERM");
      await exited;
    },
  };
}
