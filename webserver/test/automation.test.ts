import { type AutomationCursor, evaluateConditions, readWorld } from "@dagster-operator/engine";
import { materialization } from "@dagster-operator/engine/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Data, type System, startSystem } from "./system.ts";

const AT = { repositoryName: "__repository__", repositoryLocationName: "automated" };
const SENSOR = "default_automation_condition_sensor";
let system: System;
beforeAll(async () => {
  system = await startSystem({}, ["automated"]);
});
afterAll(() => system?.close());

/** What a daemon does at a tick, up to where it would submit runs. */
async function evaluate(previous: AutomationCursor | null, at: number): Promise<AutomationCursor> {
  const { storage, workspace } = system;
  const snapshot = workspace.get("automated")?.snapshot;
  if (!snapshot) throw new Error("the fixture does not load");
  const targets = ["table", "table:rows"];
  const world = await readWorld(storage, snapshot, targets, previous?.mark ?? null, at);
  const { evaluations, requests, cursor } = evaluateConditions(world, targets, previous);
  const id = { kind: "SENSOR", location: "automated", name: SENSOR } as const;
  const tick = await storage.ticks.begin(id, at, "test", 60_000, at);
  const by = { tickId: tick?.id ?? 0, owner: "test" };
  const records = evaluations.map(({ key, entity, root }) => ({
    evaluationId: cursor.evaluationId,
    asset: entity.key,
    check: entity.check?.name,
    at,
    requested: requests.get(key)?.size ?? 0,
    root,
  }));
  await storage.automation.save("automated", SENSOR, by, { cursor, requests: [], records });
  await storage.automation.submitted("automated", SENSOR, cursor.evaluationId, ["run-1"]);
  await storage.ticks.finish(by.tickId, "test", { status: "SKIPPED", runIds: [], logs: [] }, at);
  return cursor;
}

test("an asset says its condition, and why an evaluation requested it", async () => {
  const first = await evaluate(null, 1_000_000);
  await system.storage.assets.reportExternal(materialization(["source"], { ts: 1_030_000, partition: "b" }));
  await evaluate(first, 1_060_000);
  const answer = await system.gql(`{
    assetNodeOrError(assetKey: { path: ["table"] }) { ... on AssetNode {
      automationCondition { label expandedLabel } targetingInstigators { ... on Sensor { name sensorType } } } }
    assetConditionEvaluationRecordsOrError(assetKey: { path: ["table"] }, limit: 10) { ... on AssetConditionEvaluationRecords {
      records { evaluationId timestamp numRequested runIds assetKey { path } rootUniqueId
        evaluationNodes { uniqueId userLabel expandedLabel numTrue numCandidates isPartitioned childUniqueIds operatorType
          entityKey { ... on AssetKey { path } } sinceMetadata { triggerTimestamp resetEvaluationId } } } } } }`);
  expect(answer.assetNodeOrError.automationCondition).toEqual({
    label: "eager",
    expandedLabel: [
      "in_latest_time_window",
      "AND",
      "((newly_missing OR any_deps_updated) SINCE handled)",
      "AND",
      "(NOT any_deps_missing)",
      "AND",
      "(NOT any_deps_in_progress)",
      "AND",
      "(NOT in_progress)",
    ],
  });
  expect(answer.assetNodeOrError.targetingInstigators).toContainEqual({
    name: SENSOR,
    sensorType: "AUTOMATION",
  });
  const { records } = answer.assetConditionEvaluationRecordsOrError;
  expect(records.map((record: Data) => [record.evaluationId, record.numRequested, record.timestamp])).toEqual(
    [
      ["2", 1, 1060],
      ["1", 0, 1000],
    ],
  );
  expect(records[0].runIds).toEqual(["run-1"]);
  const byId = new Map(records[0].evaluationNodes.map((node: Data) => [node.uniqueId, node]));
  const root = byId.get(records[0].rootUniqueId) as Data;
  expect(root).toMatchObject({
    userLabel: "eager",
    numTrue: 1,
    numCandidates: 2,
    operatorType: "and",
    isPartitioned: true,
  });
  expect(byId.get("0.1")).toMatchObject({
    expandedLabel: ["(newly_missing OR any_deps_updated)", "SINCE", "handled"],
    sinceMetadata: { triggerTimestamp: 1060, resetEvaluationId: "1" },
  });
  const dep = records[0].evaluationNodes.find((node: Data) => node.expandedLabel[0] === "source") as Data;
  expect((byId.get(dep.childUniqueIds[0]) as Data).entityKey).toEqual({ path: ["source"] });
});

test("records are read on from an evaluation, and partitions of a node by its id", async () => {
  const { older, all, truth } = await system.gql(`{
    older: assetConditionEvaluationRecordsOrError(assetKey: { path: ["table"] }, limit: 10, cursor: "2") {
      ... on AssetConditionEvaluationRecords { records { evaluationId } } }
    all: assetConditionEvaluationsForEvaluationId(evaluationId: "2") {
      ... on AssetConditionEvaluationRecords { records { assetKey { path } } } }
    truth: truePartitionsForAutomationConditionEvaluationNode(assetKey: { path: ["table"] }, evaluationId: "2", nodeUniqueId: "0") }`);
  expect(older.records).toEqual([{ evaluationId: "1" }]);
  expect(all.records).toEqual([{ assetKey: { path: ["table"] } }, { assetKey: null }]);
  expect(truth).toEqual(["b"]);
});

test("a check says its condition, and has evaluations of its own", async () => {
  const { node, records, sensor } = await system.gql(
    `query ($check: AssetCheckHandleInput!, $s: SensorSelector!) {
      node: assetNodeOrError(assetKey: { path: ["table"] }) { ... on AssetNode {
        assetChecksOrError { ... on AssetChecks { checks { name automationCondition { label } } } } } }
      records: assetConditionEvaluationRecordsOrError(assetCheckKey: $check, limit: 1) {
        ... on AssetConditionEvaluationRecords { records { id assetKey { path } entityKey { ... on AssetCheckhandle { name } }
          evaluationNodes { uniqueId entityKey { ... on AssetCheckhandle { name } ... on AssetKey { path } } } } } }
      sensor: sensorOrError(sensorSelector: $s) { ... on Sensor { assetSelection { assetChecks { name assetKey { path } } } } } }`,
    {
      check: { assetKey: { path: ["table"] }, name: "rows" },
      s: { ...AT, sensorName: SENSOR },
    },
  );
  expect(node.assetChecksOrError.checks).toEqual([{ name: "rows", automationCondition: { label: "eager" } }]);
  const [record] = records.records;
  expect(record).toMatchObject({ id: "2:table:rows", assetKey: null, entityKey: { name: "rows" } });
  const keys = record.evaluationNodes.map((of: Data) => of.entityKey);
  expect(keys[0]).toEqual({ name: "rows" });
  expect(keys).toContainEqual({ path: ["table"] });
  expect(sensor.assetSelection.assetChecks).toEqual([{ name: "rows", assetKey: { path: ["table"] } }]);
});

test("a dry run hands an asset sensor what it would see, and says of conditions where to look", async () => {
  const dryRun = (sensorName: string) =>
    system.gql(
      `mutation ($s: SensorSelector!) { sensorDryRun(selectorData: $s) {
        ... on DryRunInstigationTick { evaluationResult { cursor runRequests { runKey jobName } } } ... on PythonError { message } } }`,
      { s: { ...AT, sensorName } },
    );
  const { sensorDryRun } = await dryRun("watch");
  expect(sensorDryRun.evaluationResult.runRequests).toEqual([{ runKey: "b", jobName: "work" }]);
  expect(Number(sensorDryRun.evaluationResult.cursor)).toBeGreaterThan(0);
  expect((await dryRun(SENSOR)).sensorDryRun.message).toContain("under Automation");
});

test("an asset with a freshness policy is overdue when it is older", async () => {
  const query = `{ assetNodeOrError(assetKey: { path: ["table"] }) { ... on AssetNode {
    internalFreshnessPolicy { ... on TimeWindowFreshnessPolicy { failWindowSeconds warnWindowSeconds } }
    freshnessStatusInfo { freshnessStatus freshnessStatusMetadata { lastMaterializedTimestamp } } } } }`;
  const before = (await system.gql(query)).assetNodeOrError;
  expect(before.internalFreshnessPolicy).toEqual({ failWindowSeconds: 3600, warnWindowSeconds: null });
  expect(before.freshnessStatusInfo).toEqual({ freshnessStatus: "UNKNOWN", freshnessStatusMetadata: null });
  const made = (ts: number) =>
    system.storage.assets.reportExternal(materialization(["table"], { ts, partition: "a" }));
  await made(1_000_000);
  expect((await system.gql(query)).assetNodeOrError.freshnessStatusInfo).toEqual({
    freshnessStatus: "DEGRADED",
    freshnessStatusMetadata: { lastMaterializedTimestamp: 1000 },
  });
  await made(Date.now());
  expect((await system.gql(query)).assetNodeOrError.freshnessStatusInfo.freshnessStatus).toBe("HEALTHY");
});

test("a tick says what it asked of dynamic partitions, and which keys changed nothing", async () => {
  const id = { kind: "SENSOR", location: "automated", name: "watch" } as const;
  const tick = await system.storage.ticks.begin(id, 1_000_000, "test", 60_000, 1_000_000);
  const type = "ADD_PARTITIONS" as const;
  const dynamicPartitions = [{ type, name: "files", keys: ["a", "b"], skippedKeys: ["a"] }];
  await system.storage.ticks.finish(
    tick?.id ?? 0,
    "test",
    { status: "SKIPPED", runIds: [], logs: [], dynamicPartitions },
    1_000_000,
  );
  const { sensorOrError } = await system.gql(
    `query ($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor { sensorState { ticks {
      dynamicPartitionsRequestResults { type partitionsDefName partitionKeys skippedPartitionKeys } } } } } }`,
    { s: { ...AT, sensorName: "watch" } },
  );
  expect(sensorOrError.sensorState.ticks[0].dynamicPartitionsRequestResults).toEqual([
    {
      type: "ADD_PARTITIONS",
      partitionsDefName: "files",
      partitionKeys: ["a", "b"],
      skippedPartitionKeys: ["a"],
    },
  ]);
});
