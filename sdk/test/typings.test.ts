import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const sdk = fileURLToPath(new URL("..", import.meta.url));
const fixtures = join(sdk, "test/typings");
const root = join(sdk, "..");
/** A user's project: the package as it is published, beside zod. */
let project: string;
const tsc = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...args], {
    encoding: "utf8",
    cwd: project,
  });

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "sdk-typings-"));
  const installed = join(project, "node_modules/@dagster-operator/sdk");
  mkdirSync(installed, { recursive: true });
  cpSync(join(sdk, "package.json"), join(installed, "package.json"));
  const built = tsc(
    "-p",
    sdk,
    "--outDir",
    join(installed, "dist"),
    "--tsBuildInfoFile",
    join(project, "build.tsbuildinfo"),
  );
  if (built.status !== 0) throw new Error(built.stdout);
  symlinkSync(join(root, "node_modules/zod"), join(project, "node_modules/zod"));
  symlinkSync(join(root, "node_modules/@types"), join(project, "node_modules/@types"));
  for (const file of readdirSync(fixtures)) cpSync(join(fixtures, file), join(project, file));
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: "out",
    types: ["node"],
  };
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

const errorLines = (output: string, file: string) =>
  [
    ...new Set(
      output
        .split("\n")
        .flatMap((line) => (line.startsWith(`${file}(`) ? Number(/\((\d+),/.exec(line)?.[1]) : [])),
    ),
  ].sort((a, b) => a - b);

describe("the types carry what is wired", () => {
  test("a right wiring compiles, also with declarations, and a wrong one is refused at its line", () => {
    const { stdout } = tsc("-p", ".");
    expect(stdout.split("\n").filter((line) => line.startsWith("accepted.ts"))).toEqual([]);
    const marked = readFileSync(join(fixtures, "refused.ts"), "utf8")
      .split("\n")
      .flatMap((line, index) => (line.endsWith("// refused") ? [index + 1] : []));
    expect(marked.length).toBeGreaterThan(25);
    expect(errorLines(stdout, "refused.ts")).toEqual(marked);
  });
});
