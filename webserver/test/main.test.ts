import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";

const launcher = fileURLToPath(new URL("../../bin/dagster-operator", import.meta.url));
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The process as the image starts it. */
function start(args: string[], env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ["--conditions=source", launcher, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (said += data));
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  return { child, output: () => said };
}
/** A port that was free a moment ago: the process' own choice would have to be read from its log. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
async function until<T>(what: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await what().catch(() => null);
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("the webserver of a cluster serves an empty workspace from Postgres and stops on SIGTERM", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const port = await freePort();
  const { child, output } = start(["webserver", "--host", "127.0.0.1", "--port", String(port)], {
    DAGSTER_OPERATOR_DATABASE_URL: url,
  });
  const at = `http://127.0.0.1:${port}`;
  await until(async () => ((await fetch(`${at}/readyz`)).ok ? true : null));
  const answer = await fetch(`${at}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      query:
        "{ workspaceOrError { ... on Workspace { locationEntries { name } } } instance { runLauncher { name } } }",
    }),
  });
  expect(await answer.json()).toMatchObject({
    data: {
      workspaceOrError: { locationEntries: [] },
      instance: { runLauncher: { name: "K8sRunLauncher" } },
    },
  });
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect([code, output()]).toEqual([0, expect.stringContaining("stopping")]);
});

test.each([
  [[], {}, "DAGSTER_OPERATOR_DATABASE_URL is not set"],
  [
    ["--port", "x"],
    { DAGSTER_OPERATOR_DATABASE_URL: "postgres://nobody@127.0.0.1:1/x" },
    "--port x is no number",
  ],
])("with %p it says what is wrong and ends with 2", async (args, env, told) => {
  const { child, output } = start(["webserver", ...args], env);
  expect([(await once(child, "exit"))[0], output()]).toEqual([2, expect.stringContaining(told)]);
});
