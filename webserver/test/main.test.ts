import { eventually, SystemProcess } from "@dagster-operator/engine/testing";
import { withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(args: string[], env: Record<string, string>): SystemProcess {
  const made = new SystemProcess(args, env);
  cleanups.push(() => made.kill());
  return made;
}

test("the webserver of a cluster serves an empty workspace from Postgres and stops on SIGTERM", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const started = start(["webserver", "--host", "127.0.0.1", "--port", "0"], {
    DAGSTER_OPERATOR_DATABASE_URL: url,
  });
  const port = await started.port();
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
  started.child.kill("SIGTERM");
  expect([await started.ended, started.output]).toEqual([0, expect.stringContaining("stopping")]);
});

test.each([
  [[], {}, "DAGSTER_OPERATOR_DATABASE_URL is not set"],
  [
    ["--port", "x"],
    { DAGSTER_OPERATOR_DATABASE_URL: "postgres://nobody@127.0.0.1:1/x" },
    "--port x is no number",
  ],
])("with %p it says what is wrong and ends with 2", async (args, env, told) => {
  const started = start(["webserver", ...args], env);
  expect([await started.ended, started.output]).toEqual([2, expect.stringContaining(told)]);
});
