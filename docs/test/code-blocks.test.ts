/**
 * Every ```ts block of docs/*.md whose first line is `// <file>.ts` is a complete file. A page's blocks make one project; a
 * file name that comes again is its next version. All of them are type-checked, modules are imported, tests are run.
 */
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

interface Project {
  name: string;
  /** Text by file name, those of earlier versions included. */
  files: ReadonlyMap<string, string>;
}

const docs = fileURLToPath(new URL("..", import.meta.url));
const root = join(docs, "..");

function projectsOf(page: string): Project[] {
  const text = readFileSync(join(docs, page), "utf8");
  const versions: Map<string, string>[] = [];
  let fresh = new Set<string>();
  for (const [, body = ""] of text.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const file = /^\/\/ ([\w/-]+(?:\.[\w-]+)*\.ts)\n/.exec(body)?.[1];
    if (file === undefined) continue;
    if (versions.length === 0 || fresh.has(file)) {
      versions.push(new Map(versions.at(-1)));
      fresh = new Set();
    }
    versions.at(-1)?.set(file, body);
    fresh.add(file);
  }
  return versions.map((files, index) => ({ name: `${basename(page, ".md")}-${index + 1}`, files }));
}

const pages = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const projects = pages.flatMap(projectsOf);
let folder: string;

const node = (cwd: string, ...args: string[]) => {
  // Node's own runner stays quiet when it thinks that it runs inside another one.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8", env });
  return { status, output: stdout + stderr };
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docs-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8"));
  const options = { ...compilerOptions, composite: false, noEmit: true, customConditions: ["source"] };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...options, types: ["node"] }, include: ["*/**/*.ts"] }),
  );
  for (const { name, files } of projects) {
    for (const [file, text] of files) {
      const path = join(folder, name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the code of the pages", () => {
  test("there is some on every page about the SDK", () => {
    expect(new Set(projects.map(({ name }) => name.replace(/-\d+$/, ""))).size).toBeGreaterThanOrEqual(9);
  });

  test("compiles under the strictest options", () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    expect(node(folder, tsc, "-p", ".", "--pretty", "false")).toEqual({ status: 0, output: "" });
  });

  // One process for all: starting one costs more than most of them do.
  const named = (isTest: boolean) =>
    projects.flatMap(({ name, files }) =>
      [...files.keys()].flatMap((file) => (file.endsWith(".test.ts") === isTest ? `./${name}/${file}` : [])),
    );

  test("loads: Definitions finds nothing wrong", () => {
    const load = named(false).map((file) => `await import(${JSON.stringify(file)});`);
    const loaded = node(folder, "--conditions=source", "--input-type=module", "--eval", load.join("\n"));
    expect(loaded).toEqual({ status: 0, output: "" });
  });

  test("passes its own tests", () => {
    const ran = node(folder, "--conditions=source", "--test", "--test-isolation=none", ...named(true));
    if (ran.status !== 0) throw new Error(ran.output);
    const written = projects.flatMap(({ files }) => [...files.values()].join("").match(/^test\(/gm) ?? []);
    expect(Number(/(?:ℹ|#) pass (\d+)/.exec(ran.output)?.[1])).toBe(written.length);
  });
});
