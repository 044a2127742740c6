import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Data, SHOP, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());

const LAUNCH = `mutation ($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId status jobName tags { key value } runConfigYaml assetSelection { path } } }
  ... on RunConfigValidationInvalid { pipelineName errors { message path } }
  ... on Error { message } } }`;
const launch = async (p: object): Promise<Data> => (await system.gql(LAUNCH, { p })).launchPipelineExecution;
const counting = { ...SHOP, pipelineName: "counting" };

describe("launching", () => {
  test("a good config makes a queued run with the job's tags", async () => {
    const { run } = await launch({
      selector: counting,
      mode: "default",
      runConfigData: "ops: {count: {config: {upTo: 4}}}",
      executionMetadata: { tags: [{ key: "team", value: "data" }] },
    });
    expect(run).toMatchObject({ status: "QUEUED", jobName: "counting" });
    expect(run.runConfigYaml).toBe("ops:\n  count:\n    config:\n      upTo: 4\n");
    expect(run.tags).toEqual(
      expect.arrayContaining([
        { key: "team", value: "data" },
        { key: "kind", value: "numbers" },
      ]),
    );
  });

  test("a bad config is refused with its path, and no run is written", async () => {
    const before = await system.storage.runs.count({});
    const result = await launch({
      selector: counting,
      runConfigData: { ops: { count: { config: { upTo: "four" } } } },
    });
    expect(result).toMatchObject({ __typename: "RunConfigValidationInvalid", pipelineName: "counting" });
    expect(result.errors[0].path).toEqual(["ops", "count", "config", "upTo"]);
    expect(await system.storage.runs.count({})).toBe(before);
  });

  test("an unknown job and an unknown location are PipelineNotFoundError", async () => {
    const job = await launch({ selector: { ...counting, pipelineName: "none" } });
    const location = await launch({ selector: { ...counting, repositoryLocationName: "none" } });
    expect([job.__typename, location.__typename]).toEqual(["PipelineNotFoundError", "PipelineNotFoundError"]);
    expect(location.message).toContain("none");
  });

  test("a step that the job does not have is InvalidStepError", async () => {
    const result = await launch({ selector: counting, stepKeys: ["count", "triple"] });
    expect(result.__typename).toBe("InvalidStepError");
  });

  test("assets of any group are launched through the implicit job, and several partitions in one batch", async () => {
    const params = (partition: string) => ({
      selector: { ...SHOP, pipelineName: "__ASSET_JOB", assetSelection: [{ path: ["raw", "orders"] }] },
      runConfigData: "{}",
      executionMetadata: { tags: [{ key: "dagster/partition", value: partition }] },
    });
    const { launchMultipleRuns } = await system.gql(
      `mutation ($l: [ExecutionParams!]!) { launchMultipleRuns(executionParamsList: $l) { ... on LaunchMultipleRunsResult {
        launchMultipleRunsResult { __typename ... on LaunchRunSuccess { run { assetSelection { path } } }
          ... on RunConfigValidationInvalid { errors { message path } } } } } }`,
      { l: [params("eu"), params("us"), params("moon")] },
    );
    const [eu, us, moon] = launchMultipleRuns.launchMultipleRunsResult;
    expect(eu).toEqual({
      __typename: "LaunchRunSuccess",
      run: { assetSelection: [{ path: ["raw", "orders"] }] },
    });
    expect(us.__typename).toBe("LaunchRunSuccess");
    expect(moon.errors[0]).toMatchObject({ path: ["partition"], message: expect.stringContaining("moon") });
  });
});

describe("reading", () => {
  test("runs are filtered by tag, job, status and location, newest first", async () => {
    const first = await system.launch(1, { colour: "red" });
    const second = await system.launch(2, { colour: "red" });
    const { runsOrError, runIdsOrError, runTagsOrError } = await system.gql(
      `query ($f: RunsFilter) { runsOrError(filter: $f, limit: 10) { ... on Runs { count results { runId repositoryOrigin { repositoryLocationName } } } }
        runIdsOrError(filter: $f) { ... on RunIds { results } }
        runTagsOrError(tagKeys: ["colour"]) { ... on RunTags { tags { key values } } } }`,
      {
        f: {
          pipelineName: "counting",
          statuses: ["QUEUED"],
          tags: [
            { key: "colour", value: "red" },
            { key: ".dagster/repository", value: "__repository__@shop" },
          ],
        },
      },
    );
    expect(runsOrError.count).toBe(2);
    expect(runsOrError.results.map((run: Data) => run.runId)).toEqual([second, first]);
    expect(runsOrError.results[0].repositoryOrigin.repositoryLocationName).toBe("shop");
    expect(runIdsOrError.results).toEqual([second, first]);
    expect(runTagsOrError.tags).toEqual([{ key: "colour", values: ["red"] }]);
  });

  test("a run that does not exist is RunNotFoundError, by both names", async () => {
    const { runOrError, pipelineRunOrError } = await system.gql(
      '{ runOrError(runId: "x") { __typename } pipelineRunOrError(runId: "x") { __typename ... on PipelineRunNotFoundError { message runId } } }',
    );
    expect(runOrError.__typename).toBe("RunNotFoundError");
    expect(pipelineRunOrError).toMatchObject({
      runId: "x",
      message: expect.stringContaining("does not exist"),
    });
  });

  test("a run's page has its plan, its steps and its events under Dagster's type names", async () => {
    const runId = await system.launch();
    await system.start(runId);
    await system.storage.events.append({
      runId,
      producer: "worker:1",
      attempt: 1,
      events: [
        { seq: 1, event: { type: "RUN_START", ts: 1000, level: "INFO", message: "started" } },
        { seq: 2, event: { type: "STEP_START", ts: 2000, level: "INFO", message: "step", stepKey: "count" } },
        {
          seq: 3,
          event: {
            type: "STEP_FAILURE",
            ts: 3000,
            level: "ERROR",
            message: "failed",
            stepKey: "count",
            error: {
              name: "Error",
              message: "boom",
              stack: "Error: boom\n  at x",
              cause: { name: "Error", message: "deeper" },
            },
          },
        },
      ],
    });
    const { runOrError } = await system.gql(
      `query ($id: ID!) { runOrError(runId: $id) { ... on Run { status canTerminate startTime
        executionPlan { steps { key } } stepStats { stepKey status startTime endTime error { message } }
        stats { ... on RunStatsSnapshot { stepsFailed } }
        eventConnection { cursor hasMore events { __typename ... on MessageEvent { eventType timestamp stepKey }
          ... on ExecutionStepFailureEvent { error { message stack causes { message } } } } } } } }`,
      { id: runId },
    );
    expect(runOrError).toMatchObject({
      status: "STARTED",
      canTerminate: true,
      startTime: 1,
      stats: { stepsFailed: 1 },
    });
    expect(runOrError.executionPlan.steps).toEqual([{ key: "count" }, { key: "double" }]);
    expect(runOrError.stepStats).toEqual([
      { stepKey: "count", status: "FAILURE", startTime: 2, endTime: 3, error: { message: "boom" } },
    ]);
    const events = runOrError.eventConnection.events;
    expect(events.map((event: Data) => event.__typename)).toEqual([
      "RunEnqueuedEvent",
      "RunDequeuedEvent",
      "RunStartingEvent",
      "RunStartEvent",
      "ExecutionStepStartEvent",
      "ExecutionStepFailureEvent",
    ]);
    expect(events.at(-1)).toMatchObject({
      eventType: "STEP_FAILURE",
      timestamp: "3000",
      stepKey: "count",
      error: { message: "boom", causes: [{ message: "deeper" }] },
    });

    const { logsForRun } = await system.gql(
      "query ($id: ID!, $c: String) { logsForRun(runId: $id, afterCursor: $c, limit: 2) { ... on EventConnection { hasMore events { __typename } } } }",
      { id: runId, c: null },
    );
    expect(logsForRun).toMatchObject({ hasMore: true });
    expect(logsForRun.events).toHaveLength(2);
  });
});

describe("ending and repeating", () => {
  const TERMINATE = `mutation ($ids: [String!]!, $p: TerminateRunPolicy) { terminateRuns(runIds: $ids, terminatePolicy: $p) { ... on TerminateRunsResult {
    terminateRunResults { __typename ... on TerminateRunSuccess { run { status } } ... on TerminateRunFailure { message } } } } }`;

  test("a queued run is canceled at once, a started one is asked, one that has ended cannot be", async () => {
    const queued = await system.launch();
    const started = await system.launch();
    await system.storage.runs.cancel(queued);
    const again = await system.launch();
    await system.start(started);
    await system.storage.events.append({
      runId: started,
      producer: "worker:1",
      attempt: 1,
      events: [{ seq: 1, event: { type: "RUN_START", ts: 1, level: "INFO", message: "" } }],
    });
    const { terminateRuns } = await system.gql(TERMINATE, { ids: [queued, started, "x"] });
    const [ended, asked, unknown] = terminateRuns.terminateRunResults;
    expect(ended).toEqual({
      __typename: "TerminateRunFailure",
      message: expect.stringContaining("already ended"),
    });
    expect(asked).toEqual({ __typename: "TerminateRunSuccess", run: { status: "CANCELING" } });
    expect(unknown.__typename).toBe("RunNotFoundError");
    const forced = await system.gql(TERMINATE, { ids: [started, again], p: "MARK_AS_CANCELED_IMMEDIATELY" });
    expect(forced.terminateRuns.terminateRunResults.map((result: Data) => result.run.status)).toEqual([
      "CANCELED",
      "CANCELED",
    ]);
  });

  test("a run is executed again as a child of the first, and both are one group", async () => {
    const parent = await system.launch(7);
    await system.storage.runs.cancel(parent);
    const { launchRunReexecution } = await system.gql(
      `mutation ($p: ReexecutionParams) { launchRunReexecution(reexecutionParams: $p) { ... on LaunchRunSuccess { run { runId parentRunId rootRunId runConfigYaml } } ... on Error { message } } }`,
      { p: { parentRunId: parent, strategy: "ALL_STEPS" } },
    );
    const { run } = launchRunReexecution;
    expect(run).toMatchObject({
      parentRunId: parent,
      rootRunId: parent,
      runConfigYaml: expect.stringContaining("upTo: 7"),
    });
    const { runGroupOrError } = await system.gql(
      "query ($id: ID!) { runGroupOrError(runId: $id) { ... on RunGroup { rootRunId runs { runId } } } }",
      { id: run.runId },
    );
    expect(runGroupOrError).toEqual({ rootRunId: parent, runs: [{ runId: parent }, { runId: run.runId }] });
  });

  test("re-execution of a run that is not over says what to do", async () => {
    const parent = await system.launch();
    const { launchRunReexecution } = await system.gql(
      "mutation ($p: ReexecutionParams) { launchRunReexecution(reexecutionParams: $p) { __typename ... on RunConfigValidationInvalid { errors { message } } } }",
      { p: { parentRunId: parent, strategy: "FROM_FAILURE" } },
    );
    expect(launchRunReexecution.errors[0].message).toContain("terminate it");
  });

  test("an ended run is deleted with its logs, a running one is not", async () => {
    const runId = await system.launch();
    const remove = async () =>
      (await system.gql("mutation ($id: String!) { deleteRun(runId: $id) { __typename } }", { id: runId }))
        .deleteRun.__typename;
    expect(await remove()).toBe("PythonError");
    await system.storage.runs.cancel(runId);
    await system.computeLog.append({ runId, logKey: "count", stream: "out" }, 0, Buffer.from("hello"));
    expect(await remove()).toBe("DeletePipelineRunSuccess");
    expect((await system.computeLog.read({ runId, logKey: "count", stream: "out" }, 0, 10)).size).toBe(0);
    expect(await remove()).toBe("RunNotFoundError");
  });
});
