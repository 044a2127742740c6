import { randomUUID } from "node:crypto";
import { advanceBackfill } from "@dagster-operator/engine";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Data, SHOP, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem({}, ["shop", "sales"]);
});
afterAll(() => system.close());

const SALES = { repositoryName: "__repository__", repositoryLocationName: "sales" };
const LAUNCH = `mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename
  ... on LaunchBackfillSuccess { backfillId launchedRunIds } ... on PythonError { message }
  ... on PartitionKeysNotFoundError { message partitionKeys } ... on PartitionSetNotFoundError { message partitionSetName }
  ... on RunConfigValidationInvalid { pipelineName errors { message path } } } }`;
const launch = async (p: Data): Promise<Data> => (await system.gql(LAUNCH, { p })).launchPartitionBackfill;
const of = (...names: string[]) => names.map((name) => ({ path: [name] }));
const BACKFILL = `query ($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename
  ... on BackfillNotFoundError { message backfillId }
  ... on PartitionBackfill { id status runStatus isPaused jobName isAssetBackfill numPartitions partitionNames numCancelable
    fromFailure title description user partitionSetName timestamp endTimestamp
    tags { key value } assetSelection { path } error { message }
    runs { runId status tags { key value } } unfinishedRuns(limit: 1) { runId }
    partitionStatusCounts { runStatus count } partitionStatuses { results { partitionName runId runStatus } }
    partitionsTargetedForAssetKey(assetKey: { path: ["daily"] }) { ranges { start end } partitionKeys }
    assetBackfillData { rootTargetedPartitions { ranges { start end } }
      assetBackfillStatuses { __typename
        ... on AssetPartitionsStatusCounts { assetKey { path } numPartitionsTargeted numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed }
        ... on UnpartitionedAssetStatus { assetKey { path } inProgress materialized failed } } } } } }`;
const read = async (id: string): Promise<Data> =>
  (await system.gql(BACKFILL, { id })).partitionBackfillOrError;
/** What a daemon does of it. */
async function advance(): Promise<void> {
  const { storage, workspace } = system;
  for (const backfill of await storage.backfills.claim("test", 100, 60_000))
    await advanceBackfill(
      { storage, workspace, now: () => Date.now(), newId: () => randomUUID(), owner: "test" },
      backfill,
    );
}

describe("a backfill of assets", () => {
  test("is launched, seen with its progress, and canceled", async () => {
    const launched = await launch({
      assetSelection: of("weekly", "daily", "total"),
      partitionNames: ["2024-01-01", "2024-01-02", "2024-01-07"],
      tags: [{ key: "user", value: "ada" }],
      title: "January",
    });
    expect(launched).toEqual({
      __typename: "LaunchBackfillSuccess",
      backfillId: expect.stringMatching(/^[a-z]{8}$/),
      launchedRunIds: null,
    });
    const id = launched.backfillId;
    expect(await read(id)).toMatchObject({
      id,
      status: "REQUESTED",
      runStatus: "STARTED",
      isPaused: false,
      jobName: null,
      isAssetBackfill: true,
      numPartitions: null,
      partitionNames: null,
      title: "January",
      user: "ada",
      endTimestamp: null,
      assetSelection: of("daily", "weekly", "total"),
      partitionsTargetedForAssetKey: {
        ranges: [
          { start: "2024-01-01", end: "2024-01-02" },
          { start: "2024-01-07", end: "2024-01-07" },
        ],
        partitionKeys: null,
      },
      partitionStatuses: null,
      runs: [],
    });
    await advance();
    const going = await read(id);
    expect(going.runs.map(({ status }: Data) => status)).toEqual(["QUEUED", "QUEUED", "QUEUED"]);
    expect(going.runs[0].tags).toContainEqual({ key: "dagster/backfill", value: id });
    expect(going).toMatchObject({
      numCancelable: 3,
      unfinishedRuns: [going.runs[0] && { runId: going.runs[0].runId }],
    });
    expect(going.assetBackfillData.assetBackfillStatuses).toEqual([
      {
        __typename: "AssetPartitionsStatusCounts",
        assetKey: { path: ["daily"] },
        numPartitionsTargeted: 3,
        numPartitionsInProgress: 3,
        numPartitionsMaterialized: 0,
        numPartitionsFailed: 0,
      },
      expect.objectContaining({ numPartitionsTargeted: 2, numPartitionsInProgress: 0 }),
      {
        __typename: "UnpartitionedAssetStatus",
        assetKey: { path: ["total"] },
        inProgress: false,
        materialized: false,
        failed: false,
      },
    ]);
    expect(going.partitionStatusCounts).toContainEqual({ runStatus: "NOT_STARTED", count: 3 });

    const change = async (field: string) =>
      (
        await system.gql(
          `mutation { r: ${field}(backfillId: "${id}") { __typename ... on PythonError { message } } }`,
        )
      ).r;
    expect((await change("pausePartitionBackfill")).__typename).toBe("ResumeBackfillSuccess");
    expect((await read(id)).isPaused).toBe(true);
    expect((await change("resumePartitionBackfill")).__typename).toBe("ResumeBackfillSuccess");
    expect((await read(id)).isPaused).toBe(false);
    expect((await change("cancelPartitionBackfill")).__typename).toBe("CancelBackfillSuccess");
    await advance();
    expect(await read(id)).toMatchObject({ status: "CANCELED", runStatus: "CANCELED", numCancelable: 0 });
    expect(await change("cancelPartitionBackfill")).toEqual({
      __typename: "PythonError",
      message: `backfill ${id} cannot be canceled: it has already ended (CANCELED)`,
    });
    expect((await change("resumePartitionBackfill")).message).toBe(
      `backfill ${id} is CANCELED: execute it again to make what is missing`,
    );
    const { again } = await system.gql(
      `mutation { again: reexecutePartitionBackfill(reexecutionParams: { parentRunId: "${id}", strategy: FROM_FAILURE }) {
        __typename ... on LaunchBackfillSuccess { backfillId } } }`,
    );
    const child = await read(again.backfillId);
    expect(child.tags).toContainEqual({ key: "dagster/parent_backfill", value: id });
    expect(child.assetBackfillData.assetBackfillStatuses[0].numPartitionsTargeted).toBe(3);

    const { partitionBackfillsOrError: list } = await system.gql(
      `{ partitionBackfillsOrError(filters: { statuses: [CANCELED] }) { ... on PartitionBackfills { results { id status } } } }`,
    );
    expect(list.results).toEqual([{ id, status: "CANCELED" }]);
  });

  test("shows before what it would be of", async () => {
    const { assetBackfillPreview } = await system.gql(
      `{ assetBackfillPreview(params: { partitionNames: ["2024-01-01", "2024-01-09"], assetSelection: [{ path: ["daily"] }, { path: ["weekly"] }] })
        { assetKey { path } partitions { ranges { start end } partitionKeys } } }`,
    );
    expect(assetBackfillPreview[1]).toEqual({
      assetKey: { path: ["weekly"] },
      partitions: { ranges: [{ start: "2023-12-31", end: "2024-01-07" }], partitionKeys: null },
    });
  });

  test("by asset, and only what is missing or failed", async () => {
    const { backfillId } = await launch({
      partitionsByAssets: [
        { assetKey: { path: ["daily"] }, partitions: { range: { start: "2024-01-01", end: "2024-01-03" } } },
      ],
      onlyMissingAndFailed: true,
    });
    expect(await read(backfillId)).toMatchObject({
      numPartitions: 3,
      partitionNames: ["2024-01-01", "2024-01-02", "2024-01-03"],
    });
  });

  test("bad input is told in Dagster's types", async () => {
    expect(await launch({ assetSelection: of("daily"), partitionNames: ["2024-01-32"] })).toMatchObject({
      __typename: "PartitionKeysNotFoundError",
      partitionKeys: ["2024-01-32"],
      message: expect.stringContaining('asset daily has no partition "2024-01-32"'),
    });
    expect((await launch({ assetSelection: of("daily") })).message).toBe(
      "a backfill needs partitions: give partitionNames, partitionRange, partitionsByAssets or allPartitions",
    );
    expect((await launch({ assetSelection: of("daly"), allPartitions: true })).message).toBe(
      'asset daly does not exist: did you mean "daily"?',
    );
    expect(await launch({ allPartitions: true })).toMatchObject({ __typename: "PythonError" });
    expect(await read("nobody")).toEqual({
      __typename: "BackfillNotFoundError",
      backfillId: "nobody",
      message: "Backfill nobody does not exist.",
    });
  });
});

describe("a backfill of a job", () => {
  const selector = { partitionSetName: "reports_partition_set", repositorySelector: SALES };
  test("has the runs of its partitions", async () => {
    const { backfillId } = await launch({ selector, partitionNames: ["north", "south"] });
    await advance();
    const found = await read(backfillId);
    expect(found).toMatchObject({
      jobName: "reports",
      isAssetBackfill: false,
      assetSelection: null,
      partitionSetName: "reports_partition_set",
      numPartitions: 2,
      partitionNames: ["north", "south"],
      assetBackfillData: null,
    });
    expect(
      found.partitionStatuses.results.map(({ partitionName, runStatus }: Data) => [partitionName, runStatus]),
    ).toEqual([
      ["north", "QUEUED"],
      ["south", "QUEUED"],
    ]);
    const { partitionSetOrError } = await system.gql(
      `query ($s: RepositorySelector!) { partitionSetOrError(repositorySelector: $s, partitionSetName: "reports_partition_set") {
        ... on PartitionSet { name pipelineName backfills { id } partitionsOrError(reverse: true, limit: 1) { ... on Partitions { results { name } } }
          partitionStatusesOrError { ... on PartitionStatuses { results { partitionName runStatus } } } } } }`,
      { s: SALES },
    );
    expect(partitionSetOrError).toEqual({
      name: "reports_partition_set",
      pipelineName: "reports",
      backfills: [{ id: backfillId }],
      partitionsOrError: { results: [{ name: "west" }] },
      partitionStatusesOrError: {
        results: [
          { partitionName: "north", runStatus: "QUEUED" },
          { partitionName: "south", runStatus: "QUEUED" },
          { partitionName: "west", runStatus: null },
        ],
      },
    });
  });

  test("bad input is told in Dagster's types", async () => {
    const wrong = {
      selector: { ...selector, partitionSetName: "report_partition_set" },
      allPartitions: true,
    };
    expect(await launch(wrong)).toMatchObject({
      __typename: "PartitionSetNotFoundError",
      message: 'job report does not exist: did you mean "reports"?',
    });
    expect(
      await launch({
        selector,
        partitionNames: ["north"],
        runConfigData: { ops: { write: { config: { lines: "x" } } } },
      }),
    ).toMatchObject({ __typename: "RunConfigValidationInvalid" });
    const { sets } = await system.gql(
      `query ($s: RepositorySelector!) { sets: partitionSetsOrError(repositorySelector: $s, pipelineName: "counting") { __typename ... on PartitionSets { results { name } } } }`,
      { s: SHOP },
    );
    expect(sets).toEqual({ __typename: "PartitionSets", results: [] });
  });
});
