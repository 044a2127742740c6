/** Input types, each with exactly the fields that Dagster's has and that mean something here. */
import { builder } from "./builder.ts";
import { AssetEventType, BulkActionStatus, ReexecutionStrategy, RunStatus } from "./enums.ts";

export const AssetKeyInput = builder.inputType("AssetKeyInput", {
  fields: (t) => ({ path: t.stringList({ required: true }) }),
});
export const AssetCheckHandleInput = builder.inputType("AssetCheckHandleInput", {
  fields: (t) => ({
    assetKey: t.field({ type: AssetKeyInput, required: true }),
    name: t.string({ required: true }),
  }),
});
const ExecutionTag = builder.inputType("ExecutionTag", {
  fields: (t) => ({ key: t.string({ required: true }), value: t.string({ required: true }) }),
});
export const RepositorySelector = builder.inputType("RepositorySelector", {
  fields: (t) => ({
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
  }),
});
export const PipelineSelector = builder.inputType("PipelineSelector", {
  fields: (t) => ({
    pipelineName: t.string({ required: true }),
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    solidSelection: t.stringList(),
    assetSelection: t.field({ type: [AssetKeyInput] }),
    assetCheckSelection: t.field({ type: [AssetCheckHandleInput] }),
  }),
});
const JobOrPipelineSelector = builder.inputType("JobOrPipelineSelector", {
  fields: (t) => ({
    pipelineName: t.string(),
    jobName: t.string(),
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    solidSelection: t.stringList(),
    assetSelection: t.field({ type: [AssetKeyInput] }),
    assetCheckSelection: t.field({ type: [AssetCheckHandleInput] }),
  }),
});
const ExecutionMetadata = builder.inputType("ExecutionMetadata", {
  fields: (t) => ({
    tags: t.field({ type: [ExecutionTag] }),
    rootRunId: t.string(),
    parentRunId: t.string(),
  }),
});
export const ExecutionParams = builder.inputType("ExecutionParams", {
  fields: (t) => ({
    selector: t.field({ type: JobOrPipelineSelector, required: true }),
    runConfigData: t.field({ type: "RunConfigData" }),
    mode: t.string(),
    executionMetadata: t.field({ type: ExecutionMetadata }),
    stepKeys: t.stringList(),
    preset: t.string(),
  }),
});
export const ReexecutionParams = builder.inputType("ReexecutionParams", {
  fields: (t) => ({
    parentRunId: t.string({ required: true }),
    strategy: t.field({ type: ReexecutionStrategy, required: true }),
    extraTags: t.field({ type: [ExecutionTag] }),
    useParentRunTags: t.boolean(),
  }),
});
export const RunsFilter = builder.inputType("RunsFilter", {
  fields: (t) => ({
    runIds: t.stringList({ required: { list: false, items: false } }),
    pipelineName: t.string(),
    tags: t.field({ type: [ExecutionTag] }),
    statuses: t.field({ type: [RunStatus] }),
    snapshotId: t.string(),
    updatedAfter: t.float(),
    updatedBefore: t.float(),
    createdBefore: t.float(),
    createdAfter: t.float(),
    mode: t.string(),
  }),
});
export const ScheduleSelector = builder.inputType("ScheduleSelector", {
  fields: (t) => ({
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    scheduleName: t.string({ required: true }),
  }),
});
export const SensorSelector = builder.inputType("SensorSelector", {
  fields: (t) => ({
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    sensorName: t.string({ required: true }),
  }),
});
export const InstigationSelector = builder.inputType("InstigationSelector", {
  fields: (t) => ({
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    name: t.string({ required: true }),
  }),
});
export const ResourceSelector = builder.inputType("ResourceSelector", {
  fields: (t) => ({
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
    resourceName: t.string({ required: true }),
  }),
});
export const AssetGroupSelector = builder.inputType("AssetGroupSelector", {
  fields: (t) => ({
    groupName: t.string({ required: true }),
    repositoryName: t.string({ required: true }),
    repositoryLocationName: t.string({ required: true }),
  }),
});
const PartitionRangeSelector = builder.inputType("PartitionRangeSelector", {
  fields: (t) => ({ start: t.string({ required: true }), end: t.string({ required: true }) }),
});
const PartitionsSelector = builder.inputType("PartitionsSelector", {
  fields: (t) => ({
    range: t.field({ type: PartitionRangeSelector }),
    ranges: t.field({ type: [PartitionRangeSelector] }),
  }),
});
export const PartitionsByAssetSelector = builder.inputType("PartitionsByAssetSelector", {
  fields: (t) => ({
    assetKey: t.field({ type: AssetKeyInput, required: true }),
    partitions: t.field({ type: PartitionsSelector }),
  }),
});
const PartitionSetSelector = builder.inputType("PartitionSetSelector", {
  fields: (t) => ({
    partitionSetName: t.string({ required: true }),
    repositorySelector: t.field({ type: RepositorySelector, required: true }),
  }),
});
export const LaunchBackfillParams = builder.inputType("LaunchBackfillParams", {
  fields: (t) => ({
    selector: t.field({ type: PartitionSetSelector }),
    partitionNames: t.stringList(),
    partitionsByAssets: t.field({
      type: [PartitionsByAssetSelector],
      required: { list: false, items: false },
    }),
    reexecutionSteps: t.stringList(),
    assetSelection: t.field({ type: [AssetKeyInput] }),
    fromFailure: t.boolean(),
    allPartitions: t.boolean(),
    tags: t.field({ type: [ExecutionTag] }),
    forceSynchronousSubmission: t.boolean(),
    title: t.string(),
    description: t.string(),
    runConfigData: t.field({ type: "RunConfigData" }),
    partitionRange: t.field({
      type: PartitionRangeSelector,
      description: "In place of partitionNames: from one key to another, both included.",
    }),
    onlyMissingAndFailed: t.boolean({
      description: "Of these partitions only those that were never made or whose last run failed.",
    }),
  }),
});
export const BulkActionsFilter = builder.inputType("BulkActionsFilter", {
  fields: (t) => ({
    statuses: t.field({ type: [BulkActionStatus] }),
    createdBefore: t.float(),
    createdAfter: t.float(),
    selectorId: t.string(),
  }),
});
export const AssetBackfillPreviewParams = builder.inputType("AssetBackfillPreviewParams", {
  fields: (t) => ({
    partitionNames: t.stringList({ required: true }),
    assetSelection: t.field({ type: [AssetKeyInput], required: true }),
  }),
});
export const ReportRunlessAssetEventsParams = builder.inputType("ReportRunlessAssetEventsParams", {
  fields: (t) => ({
    eventType: t.field({ type: AssetEventType, required: true }),
    assetKey: t.field({ type: AssetKeyInput, required: true }),
    partitionKeys: t.stringList({ required: { list: false, items: false } }),
    description: t.string(),
  }),
});
