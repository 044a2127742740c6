import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Unavailable, UserCodeError } from "@dagster-operator/engine";
import { codeLocationContract, eventually } from "@dagster-operator/engine/testing";
import { Definitions, job, op, SkipReason, sensor } from "@dagster-operator/sdk";
import { steadyPort } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";
import { HttpCodeLocation } from "../src/client/index.ts";
import { serveDefinitions } from "../src/server.ts";
import { CONTRACT_PROJECT, Project, withAssets } from "./project.ts";
import { type Started, startCodeServer } from "./started.ts";

const open: (Started | Project)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await (one instanceof Project ? one.remove() : one.close());
});
async function serve(
  files: Record<string, string>,
  args: string[] = ["--file", "definitions.ts"],
): Promise<Started> {
  const project = new Project(files);
  const server = await startCodeServer(project.folder, args);
  open.unshift(server, project);
  return server;
}
async function contractHarness(files: Record<string, string>) {
  const project = new Project(files);
  const server = await startCodeServer(project.folder, ["--file", "definitions.ts"]);
  return {
    code: server.code,
    close: async () => {
      await server.close();
      project.remove();
    },
  };
}

codeLocationContract("the TypeScript code server", {
  open: () => contractHarness({ "definitions.ts": CONTRACT_PROJECT }),
  openBroken: () => contractHarness({ "definitions.ts": 'throw new Error("broken at import");' }),
  openAbsent: async () => {
    const code = new HttpCodeLocation({ host: "127.0.0.1", port: 1 });
    return { code, close: async () => code.close() };
  },
});

test("serves definitions with an ETag and answers 304 to it", async () => {
  const server = await serve({ "definitions.ts": withAssets("a", "b") });
  const first = await server.get("/v1/definitions");
  const snapshot = (await first.json()) as { hash: string; assets: { key: string[] }[] };
  expect(first.status).toBe(200);
  expect(snapshot.assets.map((asset) => asset.key)).toEqual([["a"], ["b"]]);
  const etag = first.headers.get("etag") ?? "";
  expect(etag).toBe(`"${snapshot.hash}"`);
  expect(server.ready.hash).toBe(snapshot.hash);
  const second = await server.get("/v1/definitions", { headers: { "if-none-match": etag } });
  expect(second.status).toBe(304);
});

test("what stands beside the code belongs to it for the one who asks with it, as far as it fits", async () => {
  const server = await serve({ "definitions.ts": CONTRACT_PROJECT });
  const plain = await server.code.definitions();
  const source = "Job data/again";
  const job = { tags: { from: "beside" }, source };
  const hourly = { cron: ["0 * * * *"], tags: {}, status: "RUNNING" as const, partitionKey: "p", source };
  const extra = {
    jobs: [
      { name: "again", target: { job: "work" }, ...job },
      { name: "lost", target: { job: "nothing" }, ...job },
      { name: "work", target: { job: "work" }, ...job },
    ],
    schedules: [{ name: "hourly", job: "again", ...hourly }],
  };
  const { host, port } = server.ready.address as { host: string; port: number };
  const code = new HttpCodeLocation({ host, port }, { extra });
  const snapshot = await code.definitions();
  expect(snapshot.jobs.find(({ name }) => name === "again")?.tags).toMatchObject({ from: "beside" });
  expect(snapshot.extended).toMatchObject({
    codeHash: plain.hash,
    refused: [{ kind: "job", name: "lost", message: expect.stringContaining("nothing") }],
    replaced: [{ kind: "job", name: "work" }],
  });
  expect(snapshot.schedules.find(({ name }) => name === "nightly")?.job).toBe("work");
  expect((await code.definitions()).hash).toBe(snapshot.hash);
  const tick = await code.evaluateSchedule("hourly", { scheduledTime: 0, timeoutMs: 120_000 });
  expect(tick.runRequests).toMatchObject([{ partitionKey: "p" }]);
  expect(await code.validateRunConfig("again", { ops: { scale: { config: { factor: "x" } } } })).not.toEqual(
    [],
  );
  // Nothing of it stays.
  expect((await server.code.definitions()).hash).toBe(plain.hash);
  code.close();
});

test("answers health and readiness, and 404 and 400 with words", async () => {
  const server = await serve({ "definitions.ts": CONTRACT_PROJECT });
  expect((await server.get("/healthz")).status).toBe(200);
  expect((await server.get("/readyz")).status).toBe(200);
  const missing = await server.get("/v1/nothing");
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ kind: "not_found" });
  const post = (body: string) => server.get("/v1/sensors/counting/evaluate", { method: "POST", body });
  expect(await (await post("{")).json()).toMatchObject({
    kind: "bad_request",
    error: { message: expect.stringContaining("no JSON") },
  });
  expect(await (await post("{}")).json()).toMatchObject({
    error: { message: expect.stringContaining("cursor") },
  });
});

test("serves a load error as a state, with the user's lines only and the place first", async () => {
  const server = await serve({
    "definitions.ts": 'import { load } from "./deep";\nload();\n',
    "deep.ts": 'export function load() {\n  throw new TypeError("no such table");\n}\n',
  });
  const reply = await server.get("/v1/definitions");
  expect(reply.status).toBe(422);
  const { kind, error } = (await reply.json()) as {
    kind: string;
    error: { name: string; message: string; stack: string };
  };
  expect(kind).toBe("load_error");
  expect(error).toMatchObject({ name: "TypeError", message: "no such table" });
  const lines = error.stack.split("\n");
  expect(lines[0]).toMatch(/project-\w+\/deep\.ts:2:\d+$/);
  expect(lines.filter((line) => line.includes(" at "))).toHaveLength(2);
  expect(error.stack).not.toMatch(/node:internal|codeserver/);
  expect((await server.get("/readyz")).status).toBe(200);
});

test("goes on after a rejected promise and an exception that user code left behind", async () => {
  const server = await serve({
    "definitions.ts": `${withAssets("a")}
      import { writeFileSync } from "node:fs";
      void Promise.reject(new Error("forgotten"));
      setTimeout(() => { writeFileSync("thrown", ""); throw new Error("later"); }, 10);`,
  });
  await eventually("both are thrown", () => existsSync(server.path("thrown")));
  expect((await server.code.definitions()).assets).toHaveLength(1);
});

test("one that nobody supervises answers for a while after SIGTERM, and keeps no connection", async () => {
  const project = new Project({ "definitions.ts": withAssets("a") });
  open.push(project);
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const args = ["--conditions=source", "--no-warnings", main, "--file", "definitions.ts"];
  const child = spawn(process.execPath, args, { cwd: project.folder, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const { address } = JSON.parse(String((await once(child.stderr, "data"))[0])) as {
    address: { port: number };
  };
  const ask = async () => {
    const reply = await fetch(`http://127.0.0.1:${address.port}/v1/definitions`);
    expect(reply.status).toBe(200);
    await reply.text();
    return reply.headers.get("connection");
  };
  expect(await ask()).toBe("keep-alive");
  child.kill("SIGTERM");
  while ((await ask()) !== "close");
  expect(await exited).toEqual([0, null]);
});

test("what was asked before it closes has its answer, and nothing can be asked after that", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<SkipReason>();
  const one = op("one", () => 1);
  const work = job("work", () => void one());
  const slow = sensor("slow", { job: work }, () => {
    asked.resolve();
    return go.promise;
  });
  const definitions = new Definitions({ jobs: [work], sensors: [slow] });
  const server = await serveDefinitions({ host: "127.0.0.1", port: 0 });
  const watch = { files: [], missing: [] };
  server.loaded({ kind: "loaded", definitions, snapshot: definitions.snapshot(), watch });
  const code = new HttpCodeLocation(server.address);
  const at = { cursor: null, lastRunKey: null, lastTickTime: null, timeoutMs: 600_000 };
  const answer = code.evaluateSensor("slow", at);
  await asked.promise;
  const closed = server.close(600_000);
  await expect(code.validateRunConfig("work", {})).rejects.toThrow(Unavailable);
  go.resolve(new SkipReason("at last"));
  expect((await answer).skipReason).toBe("at last");
  await closed;
  code.close();
});

test("a server that comes back within a moment is asked again, whatever the question", async () => {
  const server = createServer((_, response) => response.end('{"issues":[]}'));
  const listen = (port: number) => once(server.listen(port, "127.0.0.1"), "listening");
  const port = await steadyPort();
  await listen(port);
  const code = new HttpCodeLocation({ host: "127.0.0.1", port });
  expect(await code.validateRunConfig("work", {})).toEqual([]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const asked = code.validateRunConfig("work", {});
  setTimeout(() => void listen(port), 50);
  expect(await asked).toEqual([]);
  code.close();
  server.close();
});

test("a sensor that blocks the event loop fails at the client and the definitions come back after it", async () => {
  const server = await serve({
    "definitions.ts": `import { Definitions, job, op, sensor } from "@dagster-operator/sdk";
      import { existsSync, writeFileSync } from "node:fs";
      const work = job("work", () => { op("one", () => 1)(); });
      export default new Definitions({ jobs: [work], sensors: [sensor("blocking", { job: work }, () => {
        writeFileSync("blocking", "");
        while (!existsSync("go"));
      })] });`,
  });
  const client = new HttpCodeLocation(server.ready.address, { timeoutMs: 200, graceMs: 100 });
  const at = { cursor: null, lastRunKey: null, lastTickTime: null, timeoutMs: 200 };
  // On a busy machine the server may not have begun with the question by then.
  while (!existsSync(server.path("blocking")))
    await expect(client.evaluateSensor("blocking", at)).rejects.toThrow(UserCodeError);
  await expect(client.definitions()).rejects.toThrow(Unavailable);
  writeFileSync(server.path("go"), "");
  expect((await server.code.definitions()).sensors).toHaveLength(1);
  client.close();
});

test("refuses wrong flags and an address in use with exit 2 and a sentence", async () => {
  const project = new Project({ "definitions.ts": withAssets("a") });
  open.push(project);
  await expect(startCodeServer(project.folder, [])).rejects.toThrow(/ended with 2/);
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as AddressInfo;
  await expect(
    startCodeServer(project.folder, ["--file", "definitions.ts", "--port", String(port)]),
  ).rejects.toThrow(/EADDRINUSE/);
  holder.close();
});

test("a stranger at its address is not asked by a kept connection again", async () => {
  let connections = 0;
  // Answers as a gateway does that takes what no Service of the cluster has yet, and keeps the connection.
  const stranger = createServer((_, response) => response.writeHead(404).end());
  stranger.on("connection", () => connections++);
  await once(stranger.listen(0, "127.0.0.1"), "listening");
  const { port } = stranger.address() as AddressInfo;
  const code = new HttpCodeLocation({ host: "127.0.0.1", port });
  for (let asked = 1; asked <= 3; asked++) {
    await expect(code.definitions()).rejects.toThrow(
      `what answers at 127.0.0.1:${port} (404) is no code server`,
    );
    expect(connections).toBe(asked);
  }
  stranger.close();
});
