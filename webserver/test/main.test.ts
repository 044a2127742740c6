import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "@dagster-operator/engine/testing";
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
      await once(child, "close");
    }
  });
  return { child, output: () => said };
}
test("the webserver of a cluster serves an empty workspace from Postgres and stops on SIGTERM", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const { child, output } = start(["webserver", "--host", "127.0.0.1", "--port", "0"], {
    DAGSTER_OPERATOR_DATABASE_URL: url,
  });
  const port = await eventually("it says its port", () => /"port":(\d+)/.exec(output())?.[1]);
  const at = `http://127.0.0.1:${port}`;
  await eventually("it is ready", async () => (await fetch(`${at}/readyz`)).ok);
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
  const [code] = await once(child, "close");
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
  expect([(await once(child, "close"))[0], output()]).toEqual([2, expect.stringContaining(told)]);
});
