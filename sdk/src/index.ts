/** What user code imports. */
export { z } from "zod";
export {
  type AssetDefinition,
  type AssetIn,
  type AssetValue,
  asset,
  assetIn,
  type CheckSpec,
} from "./asset/asset.ts";
export { type AssetCheckDefinition, assetCheck } from "./asset/asset-check.ts";
export { externalAsset } from "./asset/external-asset.ts";
export { FreshnessPolicy } from "./asset/freshness-policy.ts";
export { graphAsset } from "./asset/graph-asset.ts";
export { graphMultiAsset } from "./asset/graph-multi-asset.ts";
export { type MultiAssets, multiAsset } from "./asset/multi-asset.ts";
export { multiAssetCheck } from "./asset/multi-asset-check.ts";
export { type Observation, observableAsset } from "./asset/observable-asset.ts";
export {
  type AssetEvent,
  type AssetSensorContext,
  assetSensor,
  type MultiAssetSensorContext,
  multiAssetSensor,
} from "./automation/asset-sensor.ts";
export { AutomationCondition, type DepSelectionLike } from "./automation/automation-condition.ts";
export { automationConditionSensor } from "./automation/automation-sensor.ts";
export {
  RunRequest,
  type RunRequestOptions,
  SensorResult,
  type SensorResultOptions,
  SkipReason,
} from "./automation/run-request.ts";
export {
  type RunFailureSensorContext,
  type RunStatusSensorContext,
  runFailureSensor,
  runStatusSensor,
} from "./automation/run-status-sensor.ts";
export { type ScheduleContext, type ScheduleDefinition, schedule } from "./automation/schedule.ts";
export { type SensorContext, type SensorDefinition, sensor } from "./automation/sensor.ts";
export { Definitions, DefinitionsError, isDefinitions } from "./definitions.ts";
export {
  assetMaterialization,
  assetObservation,
  type CheckOutcome,
  type LoggedEvent,
  type RunInfo,
  type StepAsset,
  type StepContext,
  type TimeWindow,
} from "./execution/context.ts";
export type { Log } from "./execution/log.ts";
export { Failure, RetryRequested } from "./execution/user-errors.ts";
export {
  type LoggerContext,
  type LoggerDefinition,
  type LoggerOptions,
  type LogRecord,
  logger,
  type WriteRecord,
} from "./logger/logger.ts";
export { image, type MetadataInput, MetadataValue, md, table } from "./metadata/metadata-value.ts";
export type { AssetKey, PartitionMapping, PartitionsDef } from "./model/definitions.ts";
export type { RunEvent } from "./model/event.ts";
export type { DynamicHandle, Handle, MappedHandle } from "./op/composition.ts";
export { type GraphDefinition, graph } from "./op/graph.ts";
export {
  type FailureHookContext,
  failureHook,
  type HookContext,
  type HookDefinition,
  successHook,
} from "./op/hook.ts";
export {
  dynamicOutput,
  type In,
  input,
  type Nothing,
  nothing,
  type Out,
  optionalOutput,
  output,
  type RunInput,
  runInput,
} from "./op/io-spec.ts";
export { defineAssetJob, type JobDefinition, job } from "./op/job.ts";
export { type Call, type OpDefinition, op } from "./op/op.ts";
export {
  cronPartitions,
  customMapping,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from "./partitions/index.ts";
export {
  openPipesSession,
  type PipesCheck,
  type PipesMaterialization,
  type PipesResult,
  type PipesSession,
  type PipesStep,
} from "./pipes/session.ts";
export {
  type PipesCommand,
  PipesExecutionError,
  type PipesSubprocess,
  pipesSubprocess,
} from "./pipes/subprocess.ts";
export { type EnvVar, env } from "./resource/env.ts";
export { fsIoManager } from "./resource/fs-io-manager.ts";
export { inMemory } from "./resource/in-memory-io-manager.ts";
export {
  addressText,
  type InputContext,
  type InputManager,
  type IoManager,
  type IoManagerDefinition,
  inputManager,
  ioManager,
  type OutputContext,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
} from "./resource/io-manager.ts";
export { type ObjectStore, objectIoManager } from "./resource/object-io-manager.ts";
export {
  type NoKeys,
  type ResourceContext,
  type ResourceDefinition,
  type ResourceMap,
  requiredResource,
  resource,
} from "./resource/resource.ts";
export {
  type BuiltContext,
  buildAssetContext,
  buildOpContext,
  type ContextOptions,
  invoke,
} from "./testing/build-context.ts";
export {
  type BuiltHookContext,
  type BuiltInputContext,
  type BuiltOutputContext,
  buildHookContext,
  buildInputContext,
  buildOutputContext,
  buildResourceContext,
} from "./testing/build-io-context.ts";
export {
  type BuiltRunStatusSensorContext,
  type BuiltScheduleContext,
  type BuiltSensorContext,
  buildRunStatusSensorContext,
  buildScheduleContext,
  buildSensorContext,
} from "./testing/build-tick-context.ts";
export { evaluateTick, type TickOptions } from "./testing/evaluate-tick.ts";
export { type ExecuteResult, executeInProcess } from "./testing/execute-in-process.ts";
export { type MaterializeResult, materialize } from "./testing/materialize.ts";
export { InvalidRunConfig, type RunResult } from "./testing/run-in-process.ts";
