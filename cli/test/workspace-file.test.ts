import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { SourceError } from "../src/input/source.ts";
import { readWorkspaceFile } from "../src/workspace/workspace-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dagsterctl-workspace-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
function issuesOf(text: string) {
  const path = write("workspace.yaml", text);
  try {
    readWorkspaceFile(path);
  } catch (error) {
    if (error instanceof SourceError) return error.places;
    throw error;
  }
  throw new Error("the file was accepted");
}

describe("workspace.yaml", () => {
  test("names TypeScript files with all their options", () => {
    write("a/definitions.ts", "");
    write("b/definitions.ts", "");
    write("prod.env", 'REGION="eu"\nLEVEL=1\n');
    const path = write(
      "workspace.yaml",
      `load_from:
  - typescript_file: a/definitions.ts
  - typescript_file:
      relative_path: b/definitions.ts
      location_name: orders
      attribute: defs
      working_directory: b
      env_file: prod.env
      env: { LEVEL: 2, DEBUG: true }
`,
    );
    expect(readWorkspaceFile(path)).toEqual([
      {
        kind: "typescript",
        name: "definitions.ts",
        file: join(folder, "a/definitions.ts"),
        attribute: undefined,
        workingDirectory: folder,
        env: {},
      },
      {
        kind: "typescript",
        name: "orders",
        file: join(folder, "b/definitions.ts"),
        attribute: "defs",
        workingDirectory: join(folder, "b"),
        env: { REGION: "eu", LEVEL: "2", DEBUG: "true" },
        envFile: join(folder, "prod.env"),
      },
    ]);
  });

  test("tells two files of one name apart by their folders", () => {
    write("a/definitions.ts", "");
    write("b/definitions.ts", "");
    const path = write(
      "workspace.yaml",
      "load_from: [{typescript_file: a/definitions.ts}, {typescript_file: b/definitions.ts}]",
    );
    expect(readWorkspaceFile(path).map((spec) => spec.name)).toEqual([
      "a/definitions.ts",
      "b/definitions.ts",
    ]);
  });

  test("finds a module the way user code would import it", () => {
    const file = write("node_modules/pipelines/main.mjs", "");
    write(
      "node_modules/pipelines/package.json",
      JSON.stringify({ name: "pipelines", exports: "./main.mjs" }),
    );
    const path = write("workspace.yaml", "load_from:\n  - typescript_module: pipelines\n");
    expect(readWorkspaceFile(path)).toMatchObject([{ name: "pipelines", file }]);
  });

  test("lists Python and gRPC entries of Dagster as locations that cannot be loaded yet", () => {
    const path = write(
      "workspace.yaml",
      `load_from:
  - python_file: jobs/repo.py
  - python_module: { module_name: my.module, location_name: mine }
  - grpc_server: { host: localhost, port: 4266, location_name: remote }
  - grpc_server: { host: { env: NO_SUCH_HOST }, port: 4266 }
`,
    );
    const specs = readWorkspaceFile(path);
    expect(specs.map((spec) => [spec.kind, spec.name])).toEqual([
      ["unsupported", "repo.py"],
      ["unsupported", "mine"],
      ["unsupported", "remote"],
      ["unsupported", "grpc:$NO_SUCH_HOST:4266"],
    ]);
    expect(specs[0]).toMatchObject({
      source: { python_file: "jobs/repo.py" },
      message: expect.stringContaining("later version"),
    });
  });

  test("accepts an empty list and an empty file", () => {
    expect(readWorkspaceFile(write("workspace.yaml", "load_from: []"))).toEqual([]);
    expect(readWorkspaceFile(write("workspace.yaml", "load_from:"))).toEqual([]);
    expect(readWorkspaceFile(write("workspace.yaml", "# nothing\n"))).toEqual([]);
  });

  test("names line and column of broken YAML, with a caret under the place", () => {
    const [issue] = issuesOf("load_from:\n  - typescript_file: [a.ts\n  - b\n");
    expect(issue).toMatchObject({ line: 3, column: 3 });
    expect(issue?.excerpt).toMatch(/ {3}3 \| {3}- b\n {5}\| {3}\^/);
  });

  test("suggests the key that was meant, where it was written", () => {
    write("d.ts", "");
    expect(issuesOf("load_from:\n  - typescript_fil: d.ts\n")[0]).toMatchObject({
      line: 2,
      column: 5,
      message: 'unknown key "typescript_fil". Did you mean "typescript_file"?',
    });
    expect(
      issuesOf("load_from:\n  - typescript_file:\n      relative_path: d.ts\n      locaton_name: x\n")[0],
    ).toMatchObject({
      line: 4,
      column: 7,
      message: 'unknown key "locaton_name". Did you mean "location_name"?',
    });
    expect(issuesOf("loadfrom: []\n").map((issue) => issue.message)).toContain(
      'unknown key "loadfrom". Did you mean "load_from"?',
    );
  });

  test("reports every problem of the file at once", () => {
    const messages = issuesOf(
      "load_from:\n  - typescript_file: missing.ts\n  - {}\n  - typescript_file: repo.py\n  - grpc_server: {host: x}\n",
    ).map((issue) => [issue.line, issue.message]);
    expect(messages).toEqual([
      [2, `the file ${join(folder, "missing.ts")} does not exist`],
      [3, "one entry names one code location, this one names none"],
      [4, `the file ${join(folder, "repo.py")} does not exist`],
      [5, "a grpc_server needs a port or a socket"],
    ]);
  });

  test("refuses two locations of one name and names both lines", () => {
    write("a.ts", "");
    const [issue] = issuesOf(
      "load_from:\n  - typescript_file: a.ts\n  - typescript_file: {relative_path: a.ts, location_name: a.ts}\n",
    );
    expect(issue).toMatchObject({ line: 3 });
    expect(issue?.message).toContain('"a.ts" (the other on line 2)');
  });

  test("says which value has the wrong type and what is missing", () => {
    expect(issuesOf("load_from: 3\n")[0]).toMatchObject({ line: 1, column: 12 });
    expect(issuesOf("load_from:\n  - typescript_file: {attribute: x}\n")[0]?.message).toMatch(
      /"relative_path" is missing/,
    );
  });
});
