import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Data, SHOP, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem({}, ["shop", "broken"]);
}, 60_000);
afterAll(() => system?.close(), 30_000);
const revenue = { path: ["revenue"] };

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

describe("assets", () => {
  test("an asset node tells all of its definition", async () => {
    const { assetNodeOrError } = await system.gql(
      `query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
        assetKey { path } description groupName kinds computeKind isPartitioned isMaterializable
        owners { ... on UserAssetOwner { email } ... on TeamAssetOwner { team } } tags { key value }
        metadataEntries { label ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } }
        partitionDefinition { type } partitionKeysByDimension { name partitionKeys } dependedByKeys { path }
        repository { name location { name } } } } }`,
      { k: { path: ["raw", "orders"] } },
    );
    expect(assetNodeOrError).toEqual({
      assetKey: { path: ["raw", "orders"] },
      description: "All orders of a region.",
      groupName: "raw",
      kinds: ["csv"],
      computeKind: "csv",
      isPartitioned: true,
      isMaterializable: true,
      owners: [{ email: "ada@example.com" }, { team: "data" }],
      tags: [{ key: "tier", value: "gold" }],
      metadataEntries: [
        { label: "source", text: "https://example.com/orders" },
        { label: "rows", intValue: 3 },
      ],
      partitionDefinition: { type: "STATIC" },
      partitionKeysByDimension: [{ name: "default", partitionKeys: ["eu", "us", "apac"] }],
      dependedByKeys: [{ path: ["revenue"] }],
      repository: { name: "__repository__", location: { name: "shop" } },
    });
  });

  test("dependencies, checks and jobs of an asset", async () => {
    const { assetNodeOrError } = await system.gql(
      `query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode { jobNames opVersion hasAssetChecks
        dependencies { asset { assetKey { path } } } dependedBy { asset { assetKey { path } } }
        assetChecksOrError { ... on AssetChecks { checks { name blocking canExecuteIndividually executionForLatestMaterialization { id } } } }
      } } }`,
      { k: revenue },
    );
    expect(assetNodeOrError).toMatchObject({
      opVersion: "2",
      hasAssetChecks: true,
      dependencies: [{ asset: { assetKey: { path: ["raw", "orders"] } } }],
      dependedBy: [{ asset: { assetKey: { path: ["report"] } } }],
      assetChecksOrError: {
        checks: [
          {
            name: "positive",
            blocking: true,
            canExecuteIndividually: "CAN_EXECUTE",
            executionForLatestMaterialization: null,
          },
        ],
      },
    });
  });

  test("an asset that is not defined and was never made is not found", async () => {
    const { assetNodeOrError, assetOrError } = await system.gql(
      `query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { __typename } assetOrError(assetKey: $k) { __typename } }`,
      { k: { path: ["nothing"] } },
    );
    expect([assetNodeOrError.__typename, assetOrError.__typename]).toEqual([
      "AssetNotFoundError",
      "AssetNotFoundError",
    ]);
  });

  test("what was reported from outside is the latest of the asset, its partition and its check", async () => {
    const report = (path: string, body: object) =>
      fetch(`${system.url}/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const made = await report("report_asset_materialization/raw/orders", {
      partition: "eu",
      metadata: { rows: 12, mean: 1.5, by: "hand" },
      data_version: "v7",
    });
    expect([made.status, await made.json()]).toEqual([200, {}]);
    expect(
      (
        await report("report_asset_check/revenue", {
          check_name: "positive",
          passed: false,
          severity: "WARN",
        })
      ).status,
    ).toBe(200);

    const { assetOrError, assetsLatestInfo, assetNodeOrError, checked } = await system.gql(
      `query ($k: AssetKeyInput!, $r: AssetKeyInput!) {
        assetOrError(assetKey: $k) { ... on Asset { assetMaterializations(limit: 5) { runId partition tags { key value }
          metadataEntries { label ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } ... on TextMetadataEntry { text } } } } }
        assetsLatestInfo(assetKeys: [$k, $r]) { assetKey { path } latestMaterialization { partition } inProgressRunIds }
        assetNodeOrError(assetKey: $k) { ... on AssetNode { partitionStats { numMaterialized numPartitions numFailed }
          assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions unmaterializedPartitions } } } }
        checked: assetCheckExecutions(assetKey: $r, checkName: "positive", limit: 5) { status evaluation { severity success } } }`,
      { k: { path: ["raw", "orders"] }, r: revenue },
    );
    expect(assetOrError.assetMaterializations).toEqual([
      {
        runId: "",
        partition: "eu",
        tags: [{ key: "dagster/data_version", value: "v7" }],
        metadataEntries: expect.arrayContaining([
          { label: "rows", intValue: 12 },
          { label: "mean", floatValue: 1.5 },
          { label: "by", text: "hand" },
        ]),
      },
    ]);
    expect(assetsLatestInfo).toEqual([
      {
        assetKey: { path: ["raw", "orders"] },
        latestMaterialization: { partition: "eu" },
        inProgressRunIds: [],
      },
      { assetKey: { path: ["revenue"] }, latestMaterialization: null, inProgressRunIds: [] },
    ]);
    expect(assetNodeOrError.partitionStats).toEqual({ numMaterialized: 1, numPartitions: 3, numFailed: 0 });
    expect(assetNodeOrError.assetPartitionStatuses).toEqual({
      materializedPartitions: ["eu"],
      unmaterializedPartitions: ["us", "apac"],
    });
    expect(checked).toEqual([{ status: "FAILED", evaluation: { severity: "WARN", success: false } }]);
  });

  test("wiping a partition forgets it, and a range that does not exist is refused", async () => {
    const wipe = async (start: string) =>
      (
        await system.gql(
          "mutation ($r: [PartitionsByAssetSelector!]!) { wipeAssets(assetPartitionRanges: $r) { __typename } }",
          {
            r: [{ assetKey: { path: ["raw", "orders"] }, partitions: { range: { start, end: "us" } } }],
          },
        )
      ).wipeAssets.__typename;
    expect(await wipe("moon")).toBe("UnsupportedOperationError");
    expect(await wipe("eu")).toBe("AssetWipeSuccess");
    const stats = await system.gql(
      "query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode { partitionStats { numMaterialized } } } }",
      { k: { path: ["raw", "orders"] } },
    );
    expect(stats.assetNodeOrError.partitionStats.numMaterialized).toBe(0);
  });

  test("time partitions are told as ranges, those of two dimensions as ranges of ranges", async () => {
    const made = async (asset: string, partition: string) =>
      system.storage.assets.reportExternal({
        type: "ASSET_MATERIALIZATION",
        ts: 1,
        level: "INFO",
        message: "",
        asset: [asset],
        metadata: {},
        partition,
      });
    for (const day of ["01", "02", "03", "07"]) await made("visits", `2024-01-${day}`);
    for (const key of ["2024-01-02|eu", "2024-01-03|eu", "2024-01-03|us"]) await made("clicks", key);
    const { visits, clicks } = await system.gql(
      `query ($v: AssetKeyInput!, $c: AssetKeyInput!) {
        visits: assetNodeOrError(assetKey: $v) { ... on AssetNode { partitionDefinition { type fmt }
          partitionKeysByDimension(startIdx: 8) { partitionKeys }
          assetPartitionStatuses { ... on TimePartitionStatuses { ranges { startKey endKey startTime endTime status } } } } }
        clicks: assetNodeOrError(assetKey: $c) { ... on AssetNode { partitionDefinition { type dimensionTypes { name type isPrimaryDimension } }
          partitionStats { numMaterialized numPartitions }
          assetPartitionStatuses { ... on MultiPartitionStatuses { primaryDimensionName ranges { primaryDimStartKey primaryDimEndKey
            secondaryDim { ... on DefaultPartitionStatuses { materializedPartitions } } } } } } } }`,
      { v: { path: ["visits"] }, c: { path: ["clicks"] } },
    );
    expect(visits.partitionDefinition).toEqual({ type: "TIME_WINDOW", fmt: "%Y-%m-%d" });
    expect(visits.partitionKeysByDimension).toEqual([{ partitionKeys: ["2024-01-09", "2024-01-10"] }]);
    const rome = (day: string) => Date.parse(`2024-01-${day}T00:00:00+01:00`) / 1000;
    expect(visits.assetPartitionStatuses.ranges).toEqual([
      {
        startKey: "2024-01-01",
        endKey: "2024-01-03",
        startTime: rome("01"),
        endTime: rome("04"),
        status: "MATERIALIZED",
      },
      {
        startKey: "2024-01-07",
        endKey: "2024-01-07",
        startTime: rome("07"),
        endTime: rome("08"),
        status: "MATERIALIZED",
      },
    ]);
    expect(clicks.partitionDefinition.dimensionTypes).toEqual([
      { name: "date", type: "TIME_WINDOW", isPrimaryDimension: true },
      { name: "region", type: "STATIC", isPrimaryDimension: false },
    ]);
    expect(clicks.partitionStats).toEqual({ numMaterialized: 3, numPartitions: 20 });
    expect(clicks.assetPartitionStatuses).toEqual({
      primaryDimensionName: "date",
      ranges: [
        {
          primaryDimStartKey: "2024-01-02",
          primaryDimEndKey: "2024-01-02",
          secondaryDim: { materializedPartitions: ["eu"] },
        },
        {
          primaryDimStartKey: "2024-01-03",
          primaryDimEndKey: "2024-01-03",
          secondaryDim: { materializedPartitions: ["eu", "us"] },
        },
      ],
    });
  });

  test("a dynamic partition can be added once", async () => {
    const add = async () =>
      (
        await system.gql(
          'mutation ($s: RepositorySelector!) { addDynamicPartition(partitionKey: "n1", partitionsDefName: "names", repositorySelector: $s) { __typename } }',
          { s: SHOP },
        )
      ).addDynamicPartition.__typename;
    expect([await add(), await add()]).toEqual([
      "AddDynamicPartitionSuccess",
      "DuplicateDynamicPartitionError",
    ]);
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
    expect(pipelineOrError.defaultRunConfigYaml).toBe("{}\n");
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
