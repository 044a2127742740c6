/** For the engine and the processes of dagster-operator; user code imports `@dagster-operator/sdk`. No stability promise. */

export { parseMultiAssetCursor } from "./automation/multi-asset-cursor.ts";
export type { Watched } from "./automation/watch.ts";
export * from "./cron/ticks.ts";
export * from "./definitions.ts";
export * from "./evaluate.ts";
export * from "./execution/execute-step.ts";
export * from "./execution/in-process-launcher.ts";
export * from "./execution/orchestrate.ts";
export * from "./execution/plan.ts";
export type { PoolSlots } from "./execution/pool-gate.ts";
export * from "./execution/step-launcher.ts";
export * from "./execution/step-protocol.ts";
export * from "./model/automation.ts";
export * from "./model/definitions.ts";
export * from "./model/event.ts";
export * from "./model/watched.ts";
export * from "./partitions/index.ts";
export * from "./repository/extend.ts";
export * from "./repository/like-named.ts";
export { ARTIFACTS_ENV } from "./resource/fs-io-manager.ts";
export * from "./selection/index.ts";
