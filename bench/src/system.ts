/** Our whole local system as a user starts it: `dagsterctl dev` in a process of its own, with a fresh data folder. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const dagsterctl = fileURLToPath(new URL("../../cli/bin/dagsterctl.js", import.meta.url));
export const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

export interface BenchSystem {
  url: string;
  pid: number;
  storage: string;
  graphql<T>(query: string, variables?: Record<string, unknown>): Promise<T>;
  close(): Promise<void>;
}

export async function startSystem(
  definitions: string,
  env: Record<string, string> = {},
  storage = mkdtempSync(join(tmpdir(), "bench-")),
): Promise<BenchSystem> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(
    process.execPath,
    [dagsterctl, "dev", "-f", definitions, "-p", String(port), "--storage", storage],
    {
      cwd: dirname(definitions),
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const url = `http://localhost:${port}`;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    url,
    pid: child.pid ?? 0,
    storage,
    graphql: async <T>(query: string, variables = {}) => {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    close: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Milliseconds until `probe` gives true, asked every `everyMs`. A probe that rejects is asked again. */
export async function until(
  probe: () => Promise<boolean>,
  { everyMs = 5, timeoutMs = 120_000 } = {},
): Promise<number> {
  const start = performance.now();
  for (;;) {
    // Nothing listens in the first moments, so a refused connection is an answer here.
    if (await probe().catch(() => false)) return performance.now() - start;
    if (performance.now() - start > timeoutMs) throw new Error(`not there after ${timeoutMs / 1000} s`);
    await sleep(everyMs);
  }
}

/** Waits until the one code location has loaded. Gives its name. */
export async function locationLoaded(system: BenchSystem): Promise<string> {
  let name = "";
  await until(async () => {
    const { r } = await system.graphql<{ r: { nodes?: { location: { name: string } }[] } }>(
      "{ r: repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }",
    );
    name = r.nodes?.[0]?.location.name ?? "";
    return name !== "";
  });
  return name;
}

/** A process and all below it. */
function tree(root: number): number[] {
  const children = readFileSync(`/proc/${root}/task/${root}/children`, "utf8");
  return [root, ...children.trim().split(" ").filter(Boolean).map(Number).flatMap(tree)];
}

/** The most memory that was resident of a process so far, in MB. */
export const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** Proportional resident memory (shared pages counted once) of a process and all below it, in MB. */
export function memoryOf(root: number): number {
  const pss = (pid: number) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  return tree(root).reduce((sum, pid) => sum + pss(pid), 0) / 1024;
}

/** Seconds of processor time that a process and all below it have used. */
export function cpuOf(root: number): number {
  const ticks = (pid: number) => {
    // Behind the name, which may hold blanks: user time is the 12th field, system time the 13th, in hundredths.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  return tree(root).reduce((sum, pid) => sum + ticks(pid), 0) / 100;
}
