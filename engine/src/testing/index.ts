/**
 * Contract suites, and parts that stand still for tests. They call Jest's `describe` and `test` from `@jest/globals`, so they
 * can be imported inside Jest only.
 */
export { exampleBackfill } from "./backfill-storage-contract.ts";
export { codeLocationContract } from "./code-location-contract.ts";
export { type ComputeBackendHarness, computeBackendContract } from "./compute-backend-contract.ts";
export { computeLogContract } from "./compute-log-contract.ts";
export { inProcessCode, snapshotOf } from "./in-process-code.ts";
export { exampleLocation } from "./location-storage-contract.ts";
export { eventually, ManualClock } from "./manual-clock.ts";
export { MemoryBackend, type WorkerBehaviour } from "./memory-backend.ts";
export { MemoryWorkspace } from "./memory-workspace.ts";
export { isAlive, processEnded, SystemProcess } from "./processes.ts";
export {
  launcherDefinitions,
  launcherDefinitionsFile,
  stepLauncherContract,
} from "./step-launcher-contract.ts";
export { storageContract } from "./storage-contract.ts";
export {
  exampleEvent,
  exampleRun,
  materialization,
  planEvent,
  present,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";
