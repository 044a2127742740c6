/** Here and not in codeserver/: it needs the real table, which codeserver may not import. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableWorkspace } from "@dagster-operator/codeserver/client";
import { type CodeLocationRow, type LocationEntry, NotFound, type Storage } from "@dagster-operator/engine";
import { exampleLocation } from "@dagster-operator/engine/testing";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";

const MAIN = new URL("../../codeserver/src/main.ts", import.meta.url);

let storage: Storage;
let workspace: TableWorkspace;
let folder: string;
const servers: ChildProcess[] = [];
const relays: Server[] = [];
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterAll(() => storage.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "table-workspace-"));
  // Only NOTIFY wakes it: what the tests see did not wait for the next look.
  workspace = new TableWorkspace({ storage, intervalMs: 3_600_000 });
});
afterEach(async () => {
  await workspace.close();
  for (const row of await storage.locations.list()) await storage.locations.remove(row.name, row.uid);
  for (const relay of relays.splice(0)) relay.close();
  for (const server of servers.splice(0)) await stop(server);
  rmSync(folder, { recursive: true });
});

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  await exited;
}
async function serve(code: string): Promise<{ server: ChildProcess; port: number; hash: string | null }> {
  const file = join(folder, `d${servers.length}.mjs`);
  writeFileSync(file, code);
  const server = fork(MAIN, ["--file", file], {
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  servers.push(server);
  const [ready] = await once(server, "message");
  return { server, port: ready.address.port, hash: ready.hash };
}
const assets = (...names: string[]) => `import { asset, Definitions } from "@dagster-operator/sdk";
export default new Definitions({ assets: [${names.map((name) => `asset("${name}", {}, () => 1)`).join(", ")}] });`;
const put = (over: Partial<Omit<CodeLocationRow, "updatedAt">>) =>
  storage.locations.put(exampleLocation({ definitionsHash: null, ...over }), Date.now());
const at = (port: number) => ({ host: "127.0.0.1", port });

/** An address that leads to a server, to another one from one moment to the next, or to none: as a Service does. */
async function service() {
  let to: number | null = null;
  const open = new Set<Socket>();
  const relay = createServer((client) => {
    if (to === null) return void client.destroy();
    const server = connect(to, "127.0.0.1");
    for (const [from, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        open.delete(from);
        other.destroy();
      });
      from.pipe(other);
    }
  });
  await once(relay.listen(0, "127.0.0.1"), "listening");
  relays.push(relay);
  return {
    port: (relay.address() as AddressInfo).port,
    lead: (port: number | null) => {
      to = port;
      for (const socket of open) socket.destroy();
    },
  };
}

function until(holds: (entry: LocationEntry) => boolean): Promise<LocationEntry> {
  return new Promise((resolve) => {
    const look = (entry: LocationEntry | null) => {
      if (entry === null || !holds(entry)) return;
      leave();
      resolve(entry);
    };
    const leave = workspace.subscribe(look);
    look(workspace.get("orders"));
  });
}
const keys = ({ snapshot }: LocationEntry) => snapshot?.assets.map(({ key }) => key.join("/")).join(",");

test("a new row is on the list with its definitions, and gone with its row", async () => {
  await workspace.ready;
  expect(workspace.list()).toEqual([]);
  const { port, hash } = await serve(assets("a", "b"));
  await put({ endpoint: at(port), image: "shop:1", definitionsHash: hash });
  const entry = await until(({ state }) => state === "LOADED");
  expect(keys(entry)).toBe("a,b");
  expect(entry).toMatchObject({
    name: "orders",
    codeVersion: "shop:1",
    error: null,
    source: { codeLocation: "dagster/orders", image: "shop:1", file: "definitions.ts" },
  });
  expect(await entry.code?.validateRunConfig("__ASSET_JOB", {})).toEqual([]);
  const gone = until(({ state }) => state === "SHUTDOWN");
  await storage.locations.remove("orders", "uid-1");
  await gone;
  expect(workspace.list()).toEqual([]);
});

test("a paused location keeps its last definitions", async () => {
  const { port } = await serve(assets("a"));
  await put({ endpoint: at(port) });
  await until(({ state }) => state === "LOADED");
  await put({ state: "PAUSED", endpoint: null });
  const entry = await until(({ state }) => state === "SHUTDOWN");
  expect(keys(entry)).toBe("a");
  expect(entry.code).toBeNull();
});

test("while a newer version does not load the older one is asked, and the error is told", async () => {
  const { port } = await serve(assets("a"));
  const error = { name: "SyntaxError", message: "unexpected token" };
  await put({ endpoint: at(port), error });
  const entry = await until(({ state }) => state === "LOADED");
  expect(entry.error).toEqual(error);
  expect(keys(entry)).toBe("a");
  expect(entry.code).not.toBeNull();
});

test("a location with nothing that serves tells why", async () => {
  await put({ state: "STARTING" });
  expect(await until(({ name }) => name === "orders")).toMatchObject({ state: "LOADING", code: null });
  const error = { name: "ImagePullFailed", message: "no such image" };
  await put({ state: "ERROR", error });
  expect(await until(({ state }) => state === "ERROR")).toMatchObject({ error, code: null, snapshot: null });
});

test("a server that is not reached yet is asked again until it answers", async () => {
  const { port } = await serve(assets("a", "b"));
  const reached = await service();
  await put({ endpoint: at(reached.port) });
  const entry = await until(({ state }) => state === "ERROR");
  expect(entry.error?.message).toContain(`127.0.0.1:${reached.port} does not answer`);
  reached.lead(port);
  expect(keys(await until(({ state }) => state === "LOADED"))).toBe("a,b");
});

test("what is known serves on while its server is away for a moment, and is in error when it stays away", async () => {
  const { server, port, hash } = await serve(assets("a"));
  const row = { endpoint: at(port), definitionsHash: hash };
  await put(row);
  const entry = await until(({ state }) => state === "LOADED");
  await stop(server);
  expect(await workspace.reload("orders")).toMatchObject({ state: "LOADED", code: entry.code });
  await expect(entry.code?.validateRunConfig("__ASSET_JOB", {})).rejects.toThrow("does not answer");
  const { error } = await until(({ state }) => state === "ERROR");
  expect(error).toMatchObject({ name: "Unavailable", message: expect.stringContaining("ECONNREFUSED") });
});

test("a server of the older version that still answers is asked until the newer one does", async () => {
  const old = await serve(assets("a"));
  const next = await serve(assets("a", "b"));
  const reached = await service();
  reached.lead(old.port);
  await put({ endpoint: at(reached.port), definitionsHash: next.hash });
  expect(keys(await until(({ state }) => state === "LOADED"))).toBe("a");
  reached.lead(next.port);
  expect(keys(await until((entry) => keys(entry) === "a,b"))).toBe("a,b");
});

test("reload asks again; what is not there or not ours to stop is refused", async () => {
  const { port } = await serve(assets("a"));
  await put({ endpoint: at(port) });
  expect(await workspace.reload("orders")).toMatchObject({ state: "LOADED" });
  await expect(workspace.reload("nobody")).rejects.toThrow(NotFound);
  await expect(workspace.shutdown("nobody")).rejects.toThrow(NotFound);
  await expect(workspace.shutdown("orders")).rejects.toThrow("spec.paused");
});
