export { type CodeLocationHarness, codeLocationContract } from "./code-location-contract.ts";
export { type ComputeBackendHarness, computeBackendContract } from "./compute-backend-contract.ts";
export { eventually, ManualClock } from "./manual-clock.ts";
