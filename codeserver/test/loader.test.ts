import { afterEach, expect, test } from "@jest/globals";
import type { Ready } from "../src/protocol.ts";
import { Project, withAssets } from "./project.ts";
import { startCodeServer } from "./started.ts";

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** Loads in a process of its own, as every load is. */
async function load(
  files: Record<string, string>,
  args: string[] = ["--file", "definitions.ts"],
): Promise<Ready & { assets: string[]; folder: string }> {
  const project = new Project(files);
  projects.push(project);
  const server = await startCodeServer(project.folder, args);
  const assets =
    server.ready.error === null
      ? (await server.code.definitions()).assets.map((asset) => asset.key.join("/"))
      : [];
  await server.close();
  return { ...server.ready, assets, folder: project.folder };
}

test("loads TypeScript with imports as TypeScript and bundlers write them, and says which files it read", async () => {
  const loaded = await load({
    "package.json": '{"type": "commonjs"}',
    "definitions.ts": `import { Definitions } from "@dagster-operator/sdk";
      import { one } from "./assets/one.js";
      import { two } from "./assets/two";
      import { three } from "./more";
      export default new Definitions({ assets: [one, two, three] });`,
    "assets/one.ts":
      'import { asset } from "@dagster-operator/sdk"; export const one = asset("one", {}, (): number => 1);',
    "assets/two.ts":
      'import { asset, z } from "@dagster-operator/sdk"; export const two = asset("two", { config: z.object({}) }, () => 1);',
    "more/index.ts":
      'import { asset } from "@dagster-operator/sdk"; import names from "./names.json" with { type: "json" }; export const three = asset(names[0], {}, () => 1);',
    "more/names.json": '["three"]',
  });
  expect(loaded.error).toBeNull();
  expect(loaded.assets.sort()).toEqual(["one", "three", "two"]);
  const files = loaded.watch.files.map(({ path }) => path.slice(loaded.folder.length + 1)).sort();
  expect(files).toEqual([
    "assets/one.ts",
    "assets/two.ts",
    "definitions.ts",
    "more/index.ts",
    "more/names.json",
  ]);
});

test("takes the only exported Definitions, or the one that is named", async () => {
  const named = withAssets("x").replace("export default", "export const defs =");
  expect((await load({ "definitions.ts": named })).assets).toEqual(["x"]);
  const two = `${named}\nexport const other = new Definitions({ assets: [asset("y", {}, () => 1)] });`;
  expect(
    (await load({ "definitions.ts": two }, ["--file", "definitions.ts", "--attribute", "other"])).assets,
  ).toEqual(["y"]);
  const ambiguous = await load({ "definitions.ts": two });
  expect(ambiguous.error?.message).toMatch(/several Definitions \(defs, other\)/);
  const unknown = await load({ "definitions.ts": two }, ["--file", "definitions.ts", "--attribute", "third"]);
  expect(unknown.error?.message).toMatch(/no export third; it exports .*defs/);
});

test("loads a module of the user's own packages by its name", async () => {
  const loaded = await load(
    {
      "node_modules/analytics/package.json":
        '{"name": "analytics", "type": "module", "exports": "./main.js"}',
      "node_modules/analytics/main.js": withAssets("packaged"),
    },
    ["--module", "analytics"],
  );
  expect(loaded.assets).toEqual(["packaged"]);
});

const FAILURES: [string, Record<string, string>, { name?: string; message: RegExp; first?: RegExp }][] = [
  ["a file that is not there", {}, { message: /definitions\.ts does not exist: correct the path/ }],
  [
    "no Definitions",
    { "definitions.ts": "export const a = 1;" },
    { message: /exports no Definitions: write/ },
  ],
  [
    "a syntax error in TypeScript",
    { "definitions.ts": "export const a: number = 1;\nconst b = (((;\n" },
    {
      name: "SyntaxError",
      message: /Expression expected \(.*definitions\.ts:2\)$/,
      first: /definitions\.ts:2$/,
    },
  ],
  [
    "a syntax error in an imported JavaScript file",
    { "definitions.ts": 'import "./plain.mjs";', "plain.mjs": "const b = (((;\n" },
    { name: "SyntaxError", message: /Unexpected token.*plain\.mjs/, first: /plain\.mjs/ },
  ],
  [
    "an import of a file that is not there",
    { "definitions.ts": 'import "./missing.ts";' },
    {
      message: /Cannot find module .*missing\.ts.*: look at the path of the import/,
      first: /definitions\.ts$/,
    },
  ],
  [
    "an import of a package that is not installed",
    { "definitions.ts": 'import "no-such-package-here";' },
    {
      message: /Cannot find package 'no-such-package-here'.*\(npm install no-such-package-here\)/,
      first: /definitions\.ts$/,
    },
  ],
  [
    "syntax that types cannot be stripped from",
    { "definitions.ts": "enum Colour { Red }" },
    { message: /enum is not supported.*write a const object/, first: /definitions\.ts:1$/ },
  ],
  [
    "a thrown value that is no Error",
    { "definitions.ts": "throw { code: 7 };" },
    { name: "NonError", message: /code: 7/ },
  ],
  [
    "two assets of one key",
    { "definitions.ts": withAssets("same", "same") },
    { message: /same/, first: /definitions\.ts/ },
  ],
];
test.each(FAILURES)("says what is wrong and where: %s", async (_, files, expected) => {
  const { error, hash } = await load(files);
  expect(hash).toBeNull();
  expect(error?.message).toMatch(expected.message);
  if (expected.name) expect(error?.name).toBe(expected.name);
  if (expected.first) expect(error?.stack?.split("\n")[0]).toMatch(expected.first);
  expect(error?.stack ?? "").not.toMatch(/node:internal|\/codeserver\/src|\/sdk\/src/);
});

test("follows the chain of causes", async () => {
  const { error } = await load({
    "definitions.ts": 'throw new Error("outer", { cause: new RangeError("inner") });',
  });
  expect(error?.cause).toMatchObject({ name: "RangeError", message: "inner" });
});
