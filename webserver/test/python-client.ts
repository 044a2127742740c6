/** The official Python client, installed from PyPI once a machine. Without network the tests that need it say so and pass. */
import { type ExecFileSyncOptions, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const VERSION = "1.13.27";
const FOLDER = join(homedir(), ".cache", "dagster-operator", `python-client-${VERSION}`);
const MARK = "installed";
const PYTHON = join(FOLDER, "bin", "python");
const QUIET: ExecFileSyncOptions = { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", timeout: 300_000 };

let state: "present" | "absent" | undefined;
function install(): boolean {
  if (state) return state === "present";
  const mark = join(FOLDER, MARK);
  try {
    if (!existsSync(mark)) {
      // Whole or not at all: another test file may be about the same.
      mkdirSync(dirname(FOLDER), { recursive: true });
      const made = mkdtempSync(`${FOLDER}-`);
      try {
        execFileSync("python3", ["-m", "venv", made], QUIET);
        execFileSync(
          join(made, "bin", "python"),
          ["-m", "pip", "install", "-q", `dagster-graphql==${VERSION}`],
          QUIET,
        );
        writeFileSync(join(made, MARK), "");
        renameSync(made, FOLDER);
      } catch (error) {
        if (!existsSync(mark)) throw error;
      } finally {
        rmSync(made, { recursive: true, force: true });
      }
    }
    state = "present";
  } catch (error) {
    process.stderr.write(
      `dagster-graphql ${VERSION} could not be installed, so nothing is tested with it: ${String(error)}\n`,
    );
    state = "absent";
  }
  return state === "present";
}
const print = (code: string): string =>
  execFileSync(PYTHON, ["-c", code], { ...QUIET, maxBuffer: 1e8 }) as string;

/** Dagster's own schema as text; null without the package. */
export function dagsterSchema(): string | null {
  if (!install()) return null;
  const kept = join(FOLDER, `schema-${VERSION}.graphql`);
  if (!existsSync(kept))
    writeFileSync(kept, print("from dagster_graphql.schema import create_schema; print(create_schema())"));
  return readFileSync(kept, "utf8");
}

export interface PythonClient {
  queries(): string[];
  /** Runs a script and gives back the JSON that it printed last. */
  run(script: string): Promise<unknown>;
}
export function pythonClient(): PythonClient | null {
  if (!install()) return null;
  return {
    queries: () =>
      JSON.parse(
        print(
          "import json; from dagster_graphql.client import client_queries as q; print(json.dumps([v for v in vars(q).values() if isinstance(v, str) and '{' in v]))",
        ),
      ) as string[],
    run: (script) =>
      new Promise((resolve, reject) => {
        const child = spawn(PYTHON, ["-c", script], { stdio: ["ignore", "pipe", "pipe"] });
        let out = "";
        let err = "";
        child.stdout.on("data", (data) => {
          out += data;
        });
        child.stderr.on("data", (data) => {
          err += data;
        });
        child.once("error", reject);
        child.once("close", (code) => {
          if (code !== 0) reject(new Error(`python ended with ${code}: ${err}`));
          else resolve(JSON.parse(out.trim().split("\n").at(-1) ?? "null"));
        });
      }),
  };
}
