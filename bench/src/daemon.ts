/** Our daemon as a cluster runs it: a process on Postgres, and a code server that serves its one code location. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStorage } from "@dagster-operator/storage";

const codeServer = fileURLToPath(new URL("../../codeserver/dist/main.js", import.meta.url));
const dagsterOperator = fileURLToPath(new URL("../../bin/dagster-operator", import.meta.url));

export interface Daemon {
  /** The daemon, and the code server where there is one. */
  pids: number[];
  stop(): Promise<void>;
}

/** Stops processes in turn and waits for each. */
export async function stopAll(children: ChildProcess[]): Promise<void> {
  for (const child of children) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

/** A daemon with these instance settings and no code location. */
export function startDaemon(url: string, instance: Record<string, unknown> = {}): ChildProcess {
  const file = join(mkdtempSync(join(tmpdir(), "bench-")), "instance.json");
  writeFileSync(file, JSON.stringify(instance));
  const args = [dagsterOperator, "daemon", "--probe-port", "0", "--instance", file, "--log-level", "warn"];
  return spawn(process.execPath, args, {
    env: { ...process.env, DAGSTER_OPERATOR_DATABASE_URL: url },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** A code server of this definitions file, loaded with this environment, and its row in the database as the operator writes it. */
export async function serveCode(
  url: string,
  definitions: string,
  env: Record<string, string>,
): Promise<ChildProcess> {
  const server = fork(codeServer, ["--file", definitions], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const { address, hash } = await new Promise<{
    address: { host: string; port: number };
    hash: string | null;
  }>((resolve, reject) => {
    server.once("message", (ready) => resolve(ready as never));
    server.once("exit", (status) => reject(new Error(`the code server ended with ${status}`)));
  });
  const storage = await openStorage(url);
  await storage.locations.put(
    {
      ...{ name: "bench", namespace: "bench", object: "bench", uid: "bench", generation: 1 },
      ...{ state: "SERVING", error: null, endpoint: address, image: null, definitionsHash: hash },
      template: { code: { language: "typescript", file: definitions }, pod: {} },
      objects: null,
    },
    Date.now(),
  );
  await storage.close();
  return server;
}

/** A daemon whose one code location is this definitions file, loaded with this environment. */
export async function startDaemonWith(
  url: string,
  definitions: string,
  env: Record<string, string>,
): Promise<Daemon> {
  const server = await serveCode(url, definitions, env);
  const daemon = startDaemon(url);
  return { pids: [daemon.pid ?? 0, server.pid ?? 0], stop: () => stopAll([daemon, server]) };
}
