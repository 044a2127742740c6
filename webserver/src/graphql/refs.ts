/** The types that refer to each other, by name and model; each is implemented in the file named beside it. */
import type { EventRecord, InstigatorState, LocationEntry, RunRecord, Tick } from "@dagster-operator/engine";
import type { MetadataValue, RunEvent } from "@dagster-operator/sdk/internal";
import type {
  AssetNodeModel,
  CheckModel,
  JobModel,
  LocationIndex,
  ResourceModel,
  ScheduleModel,
  SensorModel,
} from "../definitions/location-index.ts";
import { builder } from "./builder.ts";

export type RunModel = RunRecord & { __typename: "Run" };
export const runModel = (record: RunRecord): RunModel => ({ ...record, __typename: "Run" });
/** An event with where it stands. `runId` null = reported from outside any run. */
export interface EventModel {
  id: number;
  runId: string | null;
  event: RunEvent;
}
export const eventModel = ({ id, runId, event }: EventRecord | EventModel): EventModel => ({
  id,
  runId,
  event,
});
export interface MetadataEntryModel {
  label: string;
  value: MetadataValue;
}
export interface AssetModel {
  __typename: "Asset";
  key: string[];
}
export const assetModel = (key: string[]): AssetModel => ({ __typename: "Asset", key });
export interface LocationModel {
  __typename: "WorkspaceLocationEntry";
  entry: LocationEntry;
}
export interface InstigationModel {
  __typename: "InstigationState";
  of: ScheduleModel | SensorModel;
  state: InstigatorState | null;
}
export type TickModel = Tick;
export interface TagModel {
  key: string;
  value: string;
}
export const tagModels = (tags: Record<string, string>): TagModel[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

// asset-key.ts
export const AssetKey = builder.objectRef<string[]>("AssetKey");
export const AssetCheckHandle = builder.objectRef<{ asset: string[]; name: string }>("AssetCheckhandle");
export const DefinitionTag = builder.objectRef<TagModel>("DefinitionTag");
export const PipelineTag = builder.objectRef<TagModel>("PipelineTag");
// metadata.ts
export const MetadataEntry = builder.interfaceRef<MetadataEntryModel>("MetadataEntry");
// run.ts
export const Run = builder.objectRef<RunModel>("Run");
// asset.ts, asset-node.ts
export const Asset = builder.objectRef<AssetModel>("Asset");
export const AssetNode = builder.objectRef<AssetNodeModel>("AssetNode");
export const AssetCheck = builder.objectRef<CheckModel>("AssetCheck");
// event.ts
export const MaterializationEvent = builder.objectRef<EventModel>("MaterializationEvent");
export const ObservationEvent = builder.objectRef<EventModel>("ObservationEvent");
// job.ts
export const Pipeline = builder.objectRef<JobModel>("Pipeline");
export const Job = builder.objectRef<JobModel>("Job");
// location.ts
export const Repository = builder.objectRef<LocationIndex>("Repository");
export const WorkspaceLocationEntry = builder.objectRef<LocationModel>("WorkspaceLocationEntry");
// instigation.ts
export const Schedule = builder.objectRef<ScheduleModel>("Schedule");
export const Sensor = builder.objectRef<SensorModel>("Sensor");
export const InstigationState = builder.objectRef<InstigationModel>("InstigationState");
// resource.ts
export const ResourceDetails = builder.objectRef<ResourceModel>("ResourceDetails");
