/** The peer: real Dagster from PyPI in a virtual environment of its own. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const VERSION = "1.13.27";
const home = join(homedir(), ".cache/dagster-operator/dagster-1.13");

/** Path of a program of the peer's environment; made on first use from PyPI, which takes a minute. */
export function dagsterBin(name: "python" | "dagster" | "dagster-webserver"): string {
  if (!existsSync(join(home, "bin/dagster-webserver"))) {
    execFileSync("python3", ["-m", "venv", home], { stdio: "inherit" });
    const packages = [
      `dagster==${VERSION}`,
      `dagster-webserver==${VERSION}`,
      `dagster-graphql==${VERSION}`,
      "dagster-postgres==0.29.27",
      "psycopg2-binary",
    ];
    execFileSync(join(home, "bin/pip"), ["install", "-q", ...packages], { stdio: "inherit" });
  }
  return join(home, "bin", name);
}

/** A fresh DAGSTER_HOME on SQLite. */
export const dagsterEnv = () => ({
  ...process.env,
  DAGSTER_HOME: mkdtempSync(join(tmpdir(), "dagster-home-")),
  DAGSTER_DISABLE_TELEMETRY: "yes",
});

export const peerFile = (name: string) => fileURLToPath(new URL(`peer/${name}`, import.meta.url));

/** Seconds that a program of the peer takes as a whole process. Rejects when it fails. */
export async function timePeer(program: Parameters<typeof dagsterBin>[0], args: string[]): Promise<number> {
  const bin = dagsterBin(program);
  const start = performance.now();
  await promisify(execFile)(bin, args, { env: dagsterEnv(), maxBuffer: 1 << 28 });
  return (performance.now() - start) / 1000;
}
