import type { EmitEvent, StepRequest, StepResult } from "./step-protocol.ts";

/**
 * Where a step runs: in this process, in a forked worker, or in a pod of its own. The one orchestration loop
 * (`orchestrate`) drives any of them. Adapters pass `stepLauncherContract` of `@dagster-operator/engine/testing`.
 */
export interface StepLauncher {
  /** How many steps may run at once. */
  readonly maxConcurrent: number;
  /**
   * Runs one step to its end. Events of the step itself (STEP_START, inputs, outputs, materializations, logs) go to `emit`
   * in order; the loop, never the launcher, emits STEP_SUCCESS, STEP_FAILURE, STEP_UP_FOR_RETRY, STEP_RESTARTED, STEP_SKIPPED.
   * Never rejects for what a step does: a crashed process is a `failure` that names signal or exit code.
   * After `signal` aborts it resolves with `canceled` within its grace period, the step's process gone.
   */
  run(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult>;
  close(): Promise<void>;
}
