import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SHOP, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());
const revenue = { path: ["revenue"] };

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
