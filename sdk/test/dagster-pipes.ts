/** Python with the package dagster-pipes from PyPI, unmodified, installed once a machine. Without network its tests say so and pass. */
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const VERSION = "1.13.27";
const FOLDER = join(homedir(), ".cache", "dagster-operator", `dagster-pipes-${VERSION}`);
const QUIET: ExecFileSyncOptions = { stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 };

/** Path of the interpreter, or null. */
export function pythonWithPipes(): string | null {
  const python = join(FOLDER, "bin", "python");
  const mark = join(FOLDER, "installed");
  try {
    if (!existsSync(mark)) {
      mkdirSync(FOLDER, { recursive: true });
      execFileSync("python3", ["-m", "venv", FOLDER], QUIET);
      execFileSync(python, ["-m", "pip", "install", "-q", `dagster-pipes==${VERSION}`], QUIET);
      writeFileSync(mark, "");
    }
    return python;
  } catch (error) {
    process.stderr.write(
      `dagster-pipes ${VERSION} could not be installed, so no test runs with it: ${String(error)}\n`,
    );
    return null;
  }
}
