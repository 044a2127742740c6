import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, renameSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidInput, type LocationEntry, NotFound } from "@dagster-operator/engine";
import { isAlive, processEnded } from "@dagster-operator/engine/testing";
import { afterEach, expect, test } from "@jest/globals";
import { LocalWorkspace, type LocationSource } from "../src/supervisor/index.ts";
import { Project, withAssets } from "./project.ts";
import { startCodeServer } from "./started.ts";

const projects: Project[] = [];
let workspace: LocalWorkspace | null = null;
afterEach(async () => {
  await workspace?.close();
  workspace = null;
  for (const project of projects.splice(0)) project.remove();
});

function project(files: Record<string, string>): Project {
  const made = new Project(files);
  projects.push(made);
  return made;
}
function source(made: Project, name = "here", more: Record<string, unknown> = {}): LocationSource {
  return { name, file: "definitions.ts", workingDirectory: made.folder, ...more };
}
function open(...locations: LocationSource[]): LocalWorkspace {
  workspace = new LocalWorkspace({ locations });
  return workspace;
}
function until(
  opened: LocalWorkspace,
  name: string,
  holds: (entry: LocationEntry) => boolean,
): Promise<LocationEntry> {
  return new Promise((resolve) => {
    const look = (entry: LocationEntry | null) => {
      if (entry === null || entry.name !== name || !holds(entry)) return;
      stop();
      resolve(entry);
    };
    const stop = opened.subscribe(look);
    look(opened.get(name));
  });
}
const keys = (entry: LocationEntry) => entry.snapshot?.assets.map((asset) => asset.key.join("/")).join(",");
const key = (made: Project) => basename(made.folder).replaceAll(/\W/g, "_");
const loaded = (entry: LocationEntry) => entry.state === "LOADED";
const failed = (entry: LocationEntry) => entry.state === "ERROR";

test("loads several locations side by side, each with its own folder and environment", async () => {
  const withEnv = `import { asset, Definitions } from "@dagster-operator/sdk";
    import { basename } from "node:path";
    export default new Definitions({ assets: [asset([process.env.COLOUR ?? "none", basename(process.cwd()).replaceAll(/\\W/g, "_")], {}, () => 1)] });`;
  const a = project({ "definitions.ts": withEnv });
  const b = project({ "definitions.ts": withEnv });
  const opened = open(
    source(a, "a", { env: { COLOUR: "red" } }),
    source(b, "b", { env: { COLOUR: "blue" } }),
  );
  expect(opened.list().map((entry) => entry.state)).toEqual(["LOADING", "LOADING"]);
  const entries = await Promise.all(["a", "b"].map((name) => until(opened, name, loaded)));
  expect(entries.map(keys)).toEqual([`red/${key(a)}`, `blue/${key(b)}`]);
  expect(entries[0]?.codeVersion).toBe(entries[0]?.snapshot?.hash);
  expect(entries[0]?.source).toMatchObject({ file: "definitions.ts", workingDirectory: a.folder });
});

test("a location that does not load is in the state ERROR with its error; the others go on", async () => {
  const opened = open(
    source(project({ "definitions.ts": "throw new Error('no luck');" }), "bad"),
    source(project({ "definitions.ts": withAssets("x") }), "good"),
  );
  expect((await until(opened, "bad", failed)).error?.message).toBe("no luck");
  expect(keys(await until(opened, "good", loaded))).toBe("x");
});

test("a saved file shows, also when the editor renames a new one over it, and the same hash stays put", async () => {
  const made = project({
    "definitions.ts": 'export { default } from "./inner.ts";',
    "inner.ts": withAssets("one"),
  });
  const opened = open(source(made));
  await until(opened, "here", loaded);
  made.write("inner.ts", withAssets("two"));
  await until(opened, "here", (entry) => keys(entry) === "two");
  made.write(".inner.ts.swp", withAssets("three"));
  renameSync(made.path(".inner.ts.swp"), made.path("inner.ts"));
  const entry = await until(opened, "here", (candidate) => keys(candidate) === "three");
  expect((await entry.code?.definitions())?.hash).toBe(entry.snapshot?.hash);
});

test("a broken save keeps the old snapshot serving with the error, and mending it clears the error", async () => {
  const made = project({ "definitions.ts": withAssets("one") });
  const opened = open(source(made));
  await until(opened, "here", loaded);
  made.write("definitions.ts", "const a = (((;\n");
  const broken = await until(opened, "here", failed);
  expect(keys(broken)).toBe("one");
  expect(broken.error?.stack).toMatch(/definitions\.ts:1/);
  expect((await broken.code?.definitions())?.assets).toHaveLength(1);
  made.write("definitions.ts", withAssets("one", "two"));
  expect(keys(await until(opened, "here", loaded))).toBe("one,two");
});

test("a file that comes to be and mends a broken import is noticed", async () => {
  const made = project({ "definitions.ts": 'export { default } from "./lib/inner";' });
  const opened = open(source(made));
  expect((await until(opened, "here", failed)).error?.message).toMatch(/Cannot find module/);
  mkdirSync(made.path("lib"));
  // As a person does it: the folder first, and the file some time later.
  await sleep(300);
  made.write("lib/inner.ts", withAssets("late"));
  expect(keys(await until(opened, "here", loaded))).toBe("late");
});

test("a server that dies is started again; meanwhile the state says how it died", async () => {
  const made = project({
    "definitions.ts": `${withAssets("x")}
      import { existsSync, rmSync } from "node:fs";
      setInterval(() => { if (existsSync("die")) { rmSync("die"); console.error("out of luck"); process.exit(7); } }, 20);`,
  });
  const opened = open(source(made));
  await until(opened, "here", loaded);
  made.write("die", "");
  const died = await until(opened, "here", failed);
  expect(died.error?.message).toMatch(/exit code 7/);
  expect(died.error?.message).toContain("out of luck");
  expect(keys(died)).toBe("x");
  expect(died.code).toBeNull();
  await until(opened, "here", loaded);
});

test("a server that user code blocks for too long is replaced", async () => {
  const made = project({
    "definitions.ts": `import { Definitions, job, op, sensor } from "@dagster-operator/sdk";
      const work = job("work", () => { op("one", () => 1)(); });
      export default new Definitions({ jobs: [work], sensors: [sensor("blocking", { job: work }, () => { while (true); })] });`,
  });
  workspace = new LocalWorkspace({
    locations: [source(made)],
    limits: { loadMs: 120_000, pingMs: 100, silentMs: 5_000 },
  });
  const { code } = await until(workspace, "here", loaded);
  const at = { cursor: null, lastRunKey: null, lastTickTime: null, timeoutMs: 120_000 };
  // Looked for from the start: a question is asked again for a while, and by its end the next server may serve.
  const blocked = until(workspace, "here", failed);
  await expect(code?.evaluateSensor("blocking", at)).rejects.toThrow();
  expect((await blocked).error?.message).toMatch(/blocked it for more than 5 s/);
  await until(workspace, "here", loaded);
});

test("a server that never loads is given up", async () => {
  const limits = { loadMs: 3_000, pingMs: 100, silentMs: 1_000 };
  workspace = new LocalWorkspace({
    locations: [source(project({ "definitions.ts": "while (true);" }))],
    limits,
  });
  expect((await until(workspace, "here", failed)).error?.message).toMatch(/did not load within 3 s/);
});

test("a definitions file that ends its process at import is an error of the location", async () => {
  const opened = open(source(project({ "definitions.ts": "console.error('bye'); process.exit(3);" })));
  expect((await until(opened, "here", failed)).error?.message).toMatch(/exit code 3[\s\S]*bye/);
});

test("reload resolves with the new entry; shutdown stops the server until the next reload", async () => {
  const opened = open(source(project({ "definitions.ts": withAssets("x") })));
  expect((await opened.reload("here")).state).toBe("LOADED");
  await opened.shutdown("here");
  expect(opened.get("here")).toMatchObject({ state: "SHUTDOWN", code: null });
  expect((await opened.reload("here")).state).toBe("LOADED");
  await expect(opened.reload("nobody")).rejects.toThrow(NotFound);
});

test("follows a code server that runs elsewhere, and leaves it running", async () => {
  const made = project({ "definitions.ts": withAssets("far") });
  const server = await startCodeServer(made.folder, ["--file", "definitions.ts"]);
  const address = server.ready.address as { host: string; port: number };
  const opened = open({ name: "far", ...address }, { name: "absent", host: "127.0.0.1", port: 1 });
  expect(keys(await until(opened, "far", loaded))).toBe("far");
  expect((await until(opened, "absent", failed)).error?.message).toMatch(/127\.0\.0\.1:1 does not answer/);
  await opened.close();
  expect((await server.get("/healthz")).status).toBe(200);
  await server.close();
});

test("two locations of one name are refused", () => {
  const made = project({ "definitions.ts": withAssets("x") });
  expect(() => new LocalWorkspace({ locations: [source(made), source(made)] })).toThrow(InvalidInput);
});

test("no code server outlives its supervisor, whether it closes or is killed", async () => {
  const made = project({
    "definitions.ts": `${withAssets("x")}\nimport { writeFileSync } from "node:fs"; writeFileSync(process.env.PID_FILE ?? "", String(process.pid));`,
  });
  const supervisor = fork(new URL("./supervisor-process.ts", import.meta.url), [made.folder], {
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [pid] = (await once(supervisor, "message")) as [number];
  expect(isAlive(pid)).toBe(true);
  supervisor.kill("SIGKILL");
  await processEnded(pid);
});
