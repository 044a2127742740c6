import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Data, SHOP, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem({}, ["shop", "broken"]);
});
afterAll(() => system?.close());

describe("code locations", () => {
  test("a location that loads shows its repository, one that does not shows its error with the stack", async () => {
    const { workspaceOrError } = await system.gql(`{ workspaceOrError { ... on Workspace { locationEntries {
      name loadStatus versionKey locationSource { key value } locationOrLoadError { __typename
        ... on RepositoryLocation { name isReloadSupported repositories { name } }
        ... on PythonError { message className stack } } } } } }`);
    const [shop, broken] = workspaceOrError.locationEntries;
    expect(shop.locationOrLoadError).toMatchObject({
      __typename: "RepositoryLocation",
      repositories: [{ name: "__repository__" }],
    });
    expect(shop.locationSource).toContainEqual({ key: "file", value: "shop.ts" });
    expect(broken.loadStatus).toBe("LOADED");
    expect(broken.locationOrLoadError.message).toContain("no credentials for the warehouse");
    expect(broken.locationOrLoadError.stack.join("")).toContain("broken.ts");
  });

  test("the cheap status query knows all locations", async () => {
    const { locationStatusesOrError } = await system.gql(
      "{ locationStatusesOrError { ... on WorkspaceLocationStatusEntries { entries { name loadStatus versionKey } } } }",
    );
    expect(locationStatusesOrError.entries.map((entry: Data) => entry.name)).toEqual(["shop", "broken"]);
  });

  test("a job lists the loggers that a run of it may name", async () => {
    const { pipelineOrError } = await system.gql(
      `query ($s: PipelineSelector!) { pipelineOrError(params: $s) { ... on Pipeline {
        modes { name loggers { name description } } } } }`,
      { s: { ...SHOP, pipelineName: "counting" } },
    );
    expect(pipelineOrError.modes).toEqual([
      {
        name: "default",
        loggers: [
          { name: "console", description: "Writes to the standard error of the step's process" },
          { name: "toTheShop", description: "Rings a bell" },
        ],
      },
    ]);
  });

  test("a repository lists jobs, schedules, sensors, groups and resources", async () => {
    const { repositoryOrError } = await system.gql(
      `query ($s: RepositorySelector!) { repositoryOrError(repositorySelector: $s) { ... on Repository {
        jobs { name isAssetJob } schedules { name cronSchedule executionTimezone } sensors { name minIntervalSeconds sensorType }
        assetGroups { groupName assetKeys { path } } allTopLevelResourceDetails { name resourceType } } } }`,
      { s: SHOP },
    );
    expect(repositoryOrError.jobs).toEqual([
      { name: "counting", isAssetJob: false },
      { name: "marts", isAssetJob: true },
      { name: "__ASSET_JOB", isAssetJob: true },
    ]);
    expect(repositoryOrError.schedules).toEqual([
      { name: "nightly", cronSchedule: "0 4 * * *", executionTimezone: "Europe/Rome" },
    ]);
    expect(repositoryOrError.sensors).toEqual([
      { name: "inbox", minIntervalSeconds: 60, sensorType: "STANDARD" },
    ]);
    expect(repositoryOrError.assetGroups.map((group: Data) => group.groupName)).toEqual([
      "marts",
      "raw",
      "web",
    ]);
    expect(repositoryOrError.allTopLevelResourceDetails).toContainEqual({
      name: "warehouse",
      resourceType: "warehouse",
    });
  });

  test("an unknown location is Dagster's RepositoryNotFoundError", async () => {
    const { repositoryOrError } = await system.gql(
      "query ($s: RepositorySelector!) { repositoryOrError(repositorySelector: $s) { __typename ... on Error { message } } }",
      { s: { ...SHOP, repositoryLocationName: "none" } },
    );
    expect(repositoryOrError.__typename).toBe("RepositoryNotFoundError");
    expect(repositoryOrError.message).toContain("none");
  });

  test("a location that nobody knows cannot be reloaded", async () => {
    const { reloadRepositoryLocation } = await system.gql(
      'mutation { reloadRepositoryLocation(repositoryLocationName: "none") { __typename ... on Error { message } } }',
    );
    expect(reloadRepositoryLocation.__typename).toBe("RepositoryLocationNotFound");
  });
});

describe("jobs", () => {
  const params = { ...SHOP, pipelineName: "counting" };
  test("a job of ops is drawn from its handles", async () => {
    const { pipelineOrError } = await system.gql(
      `query ($p: PipelineSelector!) { pipelineOrError(params: $p) { ... on Pipeline { description tags { key value }
        solidHandles { handleID solid { name inputs { definition { name } dependsOn { solid { name } definition { name } } } outputs { definition { name } } } }
        runConfigJsonSchema defaultRunConfigYaml } } }`,
      { p: params },
    );
    expect(pipelineOrError.solidHandles.map((handle: Data) => handle.handleID)).toEqual(["count", "double"]);
    expect(pipelineOrError.solidHandles[1].solid.inputs).toEqual([
      {
        definition: { name: "value" },
        dependsOn: [{ solid: { name: "count" }, definition: { name: "result" } }],
      },
    ]);
    expect(JSON.parse(pipelineOrError.runConfigJsonSchema).properties.ops).toBeDefined();
    expect(pipelineOrError.defaultRunConfigYaml).toContain("upTo:");
    expect(pipelineOrError.tags).toContainEqual({ key: "kind", value: "numbers" });
  });

  test("a job of assets is drawn as its assets depend on each other", async () => {
    const { pipelineOrError } = await system.gql(
      `query ($p: PipelineSelector!) { pipelineOrError(params: $p) { ... on Pipeline {
        solidHandles { handleID solid { definition { assetNodes { assetKey { path } } } inputs { dependsOn { solid { name } } } } } } } }`,
      { p: { ...SHOP, pipelineName: "__ASSET_JOB" } },
    );
    const report = pipelineOrError.solidHandles.find((handle: Data) => handle.handleID === "report");
    expect(report.solid.definition.assetNodes).toEqual([{ assetKey: { path: ["report"] } }]);
    expect(report.solid.inputs).toEqual([{ dependsOn: [{ solid: { name: "revenue" } }] }]);
  });

  test("an execution plan has the steps and what each waits for", async () => {
    const { executionPlanOrError } = await system.gql(
      `query ($p: PipelineSelector!) { executionPlanOrError(pipeline: $p, mode: "default") { ... on ExecutionPlan {
        steps { key kind inputs { name dependsOn { key } } } } } }`,
      { p: params },
    );
    expect(executionPlanOrError.steps).toEqual([
      { key: "count", kind: "COMPUTE", inputs: [] },
      { key: "double", kind: "COMPUTE", inputs: [{ name: "value", dependsOn: [{ key: "count" }] }] },
    ]);
  });

  test("config is checked by the user's own schema, whether it comes as an object, YAML or nonsense", async () => {
    const check = async (runConfigData: unknown) =>
      (
        await system.gql(
          `query ($p: PipelineSelector!, $c: RunConfigData) { isPipelineConfigValid(pipeline: $p, mode: "default", runConfigData: $c) {
            __typename ... on RunConfigValidationInvalid { errors { path message reason } } } }`,
          { p: params, c: runConfigData },
        )
      ).isPipelineConfigValid;
    expect(await check({ ops: { count: { config: { upTo: 1 } } } })).toEqual({
      __typename: "PipelineConfigValidationValid",
    });
    expect(await check("ops:\n  count:\n    config:\n      upTo: 1\n")).toEqual({
      __typename: "PipelineConfigValidationValid",
    });
    const wrong = await check("ops: {count: {config: {upTo: many}}}");
    expect(wrong.errors).toEqual([
      {
        path: ["ops", "count", "config", "upTo"],
        message: expect.any(String),
        reason: "RUNTIME_TYPE_MISMATCH",
      },
    ]);
    expect((await check("ops: [")).errors[0].message).toContain("line 1");
  });

  test("an unknown job is Dagster's PipelineNotFoundError", async () => {
    const { pipelineOrError } = await system.gql(
      "query ($p: PipelineSelector!) { pipelineOrError(params: $p) { __typename ... on PipelineNotFoundError { message pipelineName } } }",
      { p: { ...SHOP, pipelineName: "none" } },
    );
    expect(pipelineOrError).toMatchObject({ __typename: "PipelineNotFoundError", pipelineName: "none" });
  });
});

describe("schedules and sensors", () => {
  const schedule = { ...SHOP, scheduleName: "nightly" };
  const sensor = { ...SHOP, sensorName: "inbox" };

  test("a schedule is started and stopped by the id of its state", async () => {
    const { startSchedule } = await system.gql(
      `mutation ($s: ScheduleSelector!) { startSchedule(scheduleSelector: $s) { ... on ScheduleStateResult { scheduleState { id status } } } }`,
      { s: schedule },
    );
    expect(startSchedule.scheduleState.status).toBe("RUNNING");
    const { stopRunningSchedule } = await system.gql(
      "mutation ($id: String!) { stopRunningSchedule(id: $id) { ... on ScheduleStateResult { scheduleState { status } } } }",
      { id: startSchedule.scheduleState.id },
    );
    expect(stopRunningSchedule.scheduleState.status).toBe("STOPPED");
  });

  test("a schedule's future ticks lie in its time zone", async () => {
    const { scheduleOrError } = await system.gql(
      `query ($s: ScheduleSelector!, $c: Float) { scheduleOrError(scheduleSelector: $s) { ... on Schedule {
        futureTicks(cursor: $c, limit: 2) { results { timestamp } } } } }`,
      { s: schedule, c: Date.parse("2026-03-28T12:00:00Z") / 1000 },
    );
    const times = scheduleOrError.futureTicks.results.map(({ timestamp }: Data) =>
      new Date(timestamp * 1000).toISOString(),
    );
    // The clocks go forward between the two.
    expect(times).toEqual(["2026-03-29T02:00:00.000Z", "2026-03-30T02:00:00.000Z"]);
  });

  test("a sensor's cursor can be set, and a dry run shows what it would do without doing it", async () => {
    const dryRun = async (cursor: string | null) =>
      (
        await system.gql(
          `mutation ($s: SensorSelector!, $c: String) { sensorDryRun(selectorData: $s, cursor: $c) { ... on DryRunInstigationTick {
            evaluationResult { skipReason error { message } runRequests { runKey runConfigYaml } } } } }`,
          { s: sensor, c: cursor },
        )
      ).sensorDryRun.evaluationResult;
    expect(await dryRun(null)).toMatchObject({ skipReason: "nothing has arrived", runRequests: [] });
    expect((await dryRun("file-1")).runRequests[0]).toMatchObject({
      runKey: "file-1",
      runConfigYaml: expect.stringContaining("upTo: 3"),
    });
    expect((await dryRun("broken")).error.message).toContain("the inbox cannot be read");
    expect(await system.storage.runs.count({})).toBe(0);

    const { setSensorCursor } = await system.gql(
      `mutation ($s: SensorSelector!) { setSensorCursor(sensorSelector: $s, cursor: "file-9") { ... on Sensor {
        sensorState { typeSpecificData { ... on SensorData { lastCursor } } } } } }`,
      { s: sensor },
    );
    expect(setSensorCursor.sensorState.typeSpecificData.lastCursor).toBe("file-9");
  });

  test("what does not exist is Dagster's not-found type", async () => {
    const { scheduleOrError, sensorOrError } = await system.gql(
      `query ($a: ScheduleSelector!, $b: SensorSelector!) { scheduleOrError(scheduleSelector: $a) { __typename } sensorOrError(sensorSelector: $b) { __typename } }`,
      { a: { ...schedule, scheduleName: "x" }, b: { ...sensor, sensorName: "x" } },
    );
    expect([scheduleOrError.__typename, sensorOrError.__typename]).toEqual([
      "ScheduleNotFoundError",
      "SensorNotFoundError",
    ]);
  });
});
