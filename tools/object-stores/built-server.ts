/** Servers for tests, built once a machine from their Go modules by name. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { steadyPort } from "@dagster-operator/storage/testing";

const FOLDER = join(homedir(), ".cache", "dagster-operator", "object-stores");

const modules = {
  versitygw: { path: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" },
  "fake-gcs-server": { path: "github.com/fsouza/fake-gcs-server", version: "v1.56.1" },
};

/** Path of the program, or null with plain words on stderr when it cannot be had here. */
export function builtServer(name: keyof typeof modules): string | null {
  const { path, version } = modules[name];
  const program = join(FOLDER, `${name}-${version}`);
  if (existsSync(program)) return program;
  const said = (why: string) => {
    process.stderr.write(`${name} ${version} could not be built, so nothing is tested with it: ${why}\n`);
    return null;
  };
  const go = ["go", "/usr/local/go/bin/go"].find((candidate) => runs(candidate));
  if (go === undefined) return said("there is no Go on the PATH");
  mkdirSync(FOLDER, { recursive: true });
  const bin = mkdtempSync(join(FOLDER, "build-"));
  try {
    process.stderr.write(`building ${name} ${version}, once on this machine\n`);
    execFileSync("nice", [go, "install", "-trimpath", "-ldflags", "-s -w", `${path}@${version}`], {
      cwd: tmpdir(),
      env: { ...process.env, GOBIN: bin, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 900_000,
    });
    renameSync(join(bin, name), program);
    return program;
  } catch (error) {
    return said(String(error).slice(0, 2000));
  } finally {
    rmSync(bin, { recursive: true, force: true });
  }
}

function runs(go: string): boolean {
  try {
    execFileSync(go, ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface RunningServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts it on a free port of the loopback and waits until it answers. */
export async function startServer(
  program: string,
  args: (port: number) => string[],
  env: Record<string, string> = {},
): Promise<RunningServer> {
  const port = await steadyPort();
  const child = spawn(program, args(port), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let last = "";
  child.stderr?.on("data", (data: Buffer) => {
    last = (last + data.toString()).slice(-2000);
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (child.exitCode !== null || tries > 6000)
      throw new Error(`${program} does not answer at ${url}: ${last}`);
    await sleep(50);
  }
  return { url, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await closed;
  clearTimeout(late);
}

const answers = (url: string) =>
  fetch(url).then(
    (response) => response.arrayBuffer().then(() => true),
    () => false,
  );
