import type { StepRuntime } from "./execute-step.ts";
import type { StepLauncher } from "./step-launcher.ts";

/**
 * Steps run in this process, through one runtime. What a step does can end the process; user code that neither finishes nor
 * heeds the signal is left behind when it is cancelled, and goes with the process.
 * @param maxConcurrent default 1, as Dagster's `in_process`
 */
export function inProcessLauncher(runtime: StepRuntime, maxConcurrent = 1): StepLauncher {
  return {
    maxConcurrent,
    run: (request, emit, signal) => runtime.executeStep(request, emit, signal),
    close: () => runtime.close(),
  };
}
