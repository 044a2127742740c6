import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pythonClient } from "./python-client.ts";
import { type System, startSystem } from "./system.ts";

const client = pythonClient();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());

const run = async (body: string): Promise<unknown> => {
  const lines = body
    .trim()
    .split("\n")
    .map((line) => line.replace(/^ {4}/, ""));
  return client?.run(`
import json
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError, InvalidOutputErrorInfo
client = DagsterGraphQLClient("localhost", port_number=${new URL(system.url).port})
good = {"ops": {"count": {"config": {"upTo": 3}}}}
def failure(call):
    try:
        return ["no error", call()]
    except DagsterGraphQLClientError as error:
        return [str(part) for part in error.args]
${lines.join("\n")}
`);
};

/** Without the client there is nothing to test; `pythonClient` has said so. */
const withClient = client ? test : test.skip;

withClient("submit_job_execution with a good config gives a run whose status it can get", async () => {
  const answer = await run(`
    run_id = client.submit_job_execution("counting", repository_location_name="shop", repository_name="__repository__", run_config=good, tags={"by": "python"})
    found = client.submit_job_execution("counting", run_config=good)
    print(json.dumps([run_id, client.get_run_status(run_id).value, client.get_run_status(found).value, failure(lambda: client.get_run_status("x"))[0]]))
    `);
  const [runId, ...rest] = answer as string[];
  expect(rest).toEqual(
    ["QUEUED", "QUEUED", "PipelineRunNotFoundError"].map((text) =>
      text === "QUEUED" ? text : expect.stringContaining("NotFound"),
    ),
  );
  expect((await system.storage.runs.get(runId as string))?.tags.by).toBe("python");
});

withClient("submit_job_execution tells a bad config by its path, and a job that does not exist", async () => {
  const [config, job] = (await run(`
    where = {"repository_location_name": "shop", "repository_name": "__repository__"}
    print(json.dumps([
        failure(lambda: client.submit_job_execution("counting", run_config={"ops": {"count": {"config": {"upTo": "x"}}}}, **where)),
        failure(lambda: client.submit_job_execution("nothing", run_config={}, **where)),
    ]))
    `)) as string[][];
  expect(config?.join(" ")).toContain("RunConfigValidationInvalid");
  expect(config?.join(" ")).toContain("upTo");
  expect(job?.[0]).toBe("PipelineNotFoundError");
});

withClient("terminate_run and terminate_runs end runs, and tell which could not be", async () => {
  const [after, unknown, several, status] = (await run(`
    one, two = [client.submit_job_execution("counting", run_config=good) for _ in range(2)]
    client.terminate_run(one)
    after = failure(lambda: client.terminate_run(one))
    unknown = failure(lambda: client.terminate_run("x"))
    client.terminate_runs([two])
    several = failure(lambda: client.terminate_runs([two, "x"]))
    print(json.dumps([after, unknown, several, client.get_run_status(two).value]))
    `)) as [string[], string[], string[], string];
  expect(after.join(" ")).toContain("already ended");
  expect(unknown[0]).toBe("RunNotFoundError");
  expect(several.join(" ")).toContain("terminate");
  expect(status).toBe("CANCELED");
});

withClient("reload_repository_location and shutdown_repository_location do what they say", async () => {
  const answer = await run(`
    def of(info):
        return [info.status.value, info.failure_type]
    print(json.dumps([
        of(client.reload_repository_location("shop")),
        of(client.reload_repository_location("none")),
        client.shutdown_repository_location("shop").status.value,
        client.shutdown_repository_location("none").status.value,
    ]))
    `);
  expect(answer).toEqual([
    ["SUCCESS", null],
    ["FAILURE", "RepositoryLocationNotFound"],
    "SUCCESS",
    "FAILURE",
  ]);
  expect(system.workspace.get("shop")?.state).toBe("SHUTDOWN");
  const [error] = (await run(`
    print(json.dumps([failure(lambda: client.submit_job_execution("counting", repository_location_name="shop", repository_name="__repository__", run_config=good))]))
    `)) as string[][];
  expect(error?.join(" ")).toContain("was shut down: reload it first");
});
