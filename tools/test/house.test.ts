import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scope = "@dagster-operator/";

/** The drawing of DESIGN.md: a workspace may import only what is listed behind it. */
const drawing: Record<string, string[]> = {
  sdk: [],
  "sdk-duckdb": ["sdk"],
  "sdk-gcs": ["sdk"],
  "sdk-postgres": ["sdk"],
  "sdk-s3": ["sdk"],
  engine: ["sdk"],
  storage: ["sdk", "engine"],
  codeserver: ["sdk", "engine"],
  operator: ["sdk", "engine", "storage", "codeserver"],
  runworker: ["sdk", "engine", "storage", "codeserver"],
  daemon: ["sdk", "engine", "storage", "codeserver"],
  webserver: ["sdk", "engine", "storage", "codeserver"],
  ui: [],
  cli: ["sdk", "engine", "storage", "codeserver", "operator", "runworker", "daemon", "webserver", "ui"],
};
const workspaces = Object.keys(drawing).filter((name) =>
  statSync(join(root, name, "package.json"), { throwIfNoEntry: false }),
);

const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const files = (dir: string): string[] =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) =>
    entry.name === "node_modules" || entry.name === "dist"
      ? []
      : entry.isDirectory()
        ? files(`${dir}/${entry.name}`)
        : [`${dir}/${entry.name}`],
  );

describe.each(workspaces)("workspace %s", (name) => {
  const manifest = read(`${name}/package.json`);

  test("depends on nothing that stands right of it in the drawing", () => {
    const ours = Object.keys(manifest.dependencies ?? {}).flatMap((dep) =>
      dep.startsWith(scope) ? [dep.slice(scope.length)] : [],
    );
    expect(drawing[name]).toEqual(expect.arrayContaining(ours));
  });

  test("imports no workspace that its package.json does not name", () => {
    const allowed = new Set(Object.keys(manifest.dependencies ?? {}));
    const wrong = files(`${name}/src`)
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) =>
        [
          ...readFileSync(join(root, path), "utf8").matchAll(
            // Statements only: the page shows code to learn from in its texts.
            /(?:^(?:import|export|\}) ?[^"\n]*?from |\bawait import\()"(@dagster-operator\/[^/"]+)/gm,
          ),
        ]
          .filter(([, target]) => target && !allowed.has(target) && target !== manifest.name)
          .map(([, target]) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test("references in tsconfig the workspaces that it depends on, and no other", () => {
    if (name === "ui") return;
    const references = read(`${name}/tsconfig.json`).references.map((r: { path: string }) =>
      r.path.replace("../", ""),
    );
    const built = Object.keys(manifest.dependencies).flatMap((dep) =>
      dep.startsWith(scope) && dep !== `${scope}ui` ? [dep.slice(scope.length)] : [],
    );
    expect(references.sort()).toEqual(built.sort());
  });

  test("has a README of at most 40 lines", () => {
    expect(readFileSync(join(root, name, "README.md"), "utf8").split("\n").length).toBeLessThanOrEqual(41);
  });

  test("has no hand-written file over 500 lines", () => {
    const long = files(`${name}/src`)
      .filter((path) => /\.tsx?$/.test(path) && !path.includes("/generated/"))
      .filter((path) => readFileSync(join(root, path), "utf8").split("\n").length > 500);
    expect(long).toEqual([]);
  });
});

test("the sdk depends on zod alone", () => {
  expect(Object.keys(read("sdk/package.json").dependencies)).toEqual(["zod"]);
});

test("no file names a package registry's host", () => {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  expect(lock).not.toMatch(/"resolved": "https?:/);
});

test("the lock has the optional builds for every platform, without which npm ci refuses it", () => {
  const { packages } = read("package-lock.json") as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]); // else: node tools/complete-lock.mjs
});
