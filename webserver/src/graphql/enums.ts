import { builder } from "./builder.ts";

const list = <const T extends readonly string[]>(name: string, values: T) =>
  builder.enumType(name, { values });

export const RunStatus = list("RunStatus", [
  "QUEUED",
  "NOT_STARTED",
  "MANAGED",
  "STARTING",
  "STARTED",
  "SUSPENDED",
  "SUCCESS",
  "FAILURE",
  "CANCELING",
  "CANCELED",
]);
export const StepEventStatus = list("StepEventStatus", ["SKIPPED", "SUCCESS", "FAILURE", "IN_PROGRESS"]);
export const LogLevel = list("LogLevel", ["CRITICAL", "ERROR", "INFO", "WARNING", "DEBUG"]);
export const DagsterEventType = list("DagsterEventType", [
  "STEP_OUTPUT",
  "STEP_INPUT",
  "STEP_FAILURE",
  "STEP_START",
  "STEP_SUCCESS",
  "STEP_SKIPPED",
  "STEP_UP_FOR_RETRY",
  "STEP_RESTARTED",
  "RESOURCE_INIT_STARTED",
  "RESOURCE_INIT_SUCCESS",
  "RESOURCE_INIT_FAILURE",
  "ASSET_MATERIALIZATION",
  "ASSET_MATERIALIZATION_PLANNED",
  "ASSET_OBSERVATION",
  "ASSET_CHECK_EVALUATION",
  "RUN_ENQUEUED",
  "RUN_DEQUEUED",
  "RUN_STARTING",
  "RUN_START",
  "RUN_SUCCESS",
  "RUN_FAILURE",
  "RUN_CANCELING",
  "RUN_CANCELED",
  "LOADED_INPUT",
  "HANDLED_OUTPUT",
  "ENGINE_EVENT",
  "HOOK_COMPLETED",
  "HOOK_ERRORED",
  "LOGS_CAPTURED",
]);
export const PartitionDefinitionType = list("PartitionDefinitionType", [
  "TIME_WINDOW",
  "STATIC",
  "MULTIPARTITIONED",
  "DYNAMIC",
]);
export const PartitionRangeStatus = list("PartitionRangeStatus", ["MATERIALIZING", "MATERIALIZED", "FAILED"]);
export const AssetCheckSeverity = list("AssetCheckSeverity", ["WARN", "ERROR"]);
export const AssetCheckExecutionResolvedStatus = list("AssetCheckExecutionResolvedStatus", [
  "IN_PROGRESS",
  "SUCCEEDED",
  "FAILED",
  "EXECUTION_FAILED",
  "SKIPPED",
]);
export const AssetCheckCanExecuteIndividually = list("AssetCheckCanExecuteIndividually", [
  "CAN_EXECUTE",
  "REQUIRES_MATERIALIZATION",
  "NEEDS_USER_CODE_UPGRADE",
]);
export const EvaluationErrorReason = list("EvaluationErrorReason", [
  "RUNTIME_TYPE_MISMATCH",
  "MISSING_REQUIRED_FIELD",
  "MISSING_REQUIRED_FIELDS",
  "FIELD_NOT_DEFINED",
  "FIELDS_NOT_DEFINED",
  "SELECTOR_FIELD_ERROR",
]);
export const RepositoryLocationLoadStatus = list("RepositoryLocationLoadStatus", ["LOADING", "LOADED"]);
export const InstigationStatus = list("InstigationStatus", ["RUNNING", "STOPPED"]);
export const InstigationType = list("InstigationType", ["SCHEDULE", "SENSOR", "AUTO_MATERIALIZE"]);
export const InstigationTickStatus = list("InstigationTickStatus", [
  "STARTED",
  "SKIPPED",
  "SUCCESS",
  "FAILURE",
]);
export const SensorType = list("SensorType", [
  "STANDARD",
  "RUN_STATUS",
  "ASSET",
  "MULTI_ASSET",
  "FRESHNESS_POLICY",
  "AUTO_MATERIALIZE",
  "AUTOMATION",
  "UNKNOWN",
]);
export const StepKind = list("StepKind", ["COMPUTE", "UNRESOLVED_MAPPED", "UNRESOLVED_COLLECT"]);
export const ConfiguredValueType = list("ConfiguredValueType", ["VALUE", "ENV_VAR", "SECRET"]);
export const NestedResourceType = list("NestedResourceType", ["ANONYMOUS", "TOP_LEVEL"]);
export const TerminateRunPolicy = list("TerminateRunPolicy", [
  "SAFE_TERMINATE",
  "MARK_AS_CANCELED_IMMEDIATELY",
]);
export const ReexecutionStrategy = list("ReexecutionStrategy", [
  "FROM_ASSET_FAILURE",
  "FROM_FAILURE",
  "ALL_STEPS",
]);
/** Dagster's; COMPLETED and FAILING are not answered. */
export const BulkActionStatus = list("BulkActionStatus", [
  "REQUESTED",
  "COMPLETED",
  "FAILED",
  "CANCELED",
  "CANCELING",
  "COMPLETED_SUCCESS",
  "COMPLETED_FAILED",
  "FAILING",
]);
export const AssetEventType = list("AssetEventType", ["ASSET_MATERIALIZATION", "ASSET_OBSERVATION"]);
export const DynamicPartitionsRequestType = list("DynamicPartitionsRequestType", [
  "ADD_PARTITIONS",
  "DELETE_PARTITIONS",
]);
export const StaleCauseCategory = list("StaleCauseCategory", ["CODE", "DATA", "DEPENDENCIES"]);
export const StaleStatus = list("StaleStatus", ["MISSING", "STALE", "FRESH"]);
