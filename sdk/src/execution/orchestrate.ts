import type { Plan } from "./plan.ts";
import type { StepLauncher } from "./step-launcher.ts";
import type { EmitEvent, RunContext } from "./step-protocol.ts";

export interface OrchestrateOptions {
  plan: Plan;
  run: RunContext;
  launcher: StepLauncher;
  emit: EmitEvent;
  /** Aborted = cancel: no step starts any more, running ones are told, the run ends CANCELED. */
  signal: AbortSignal;
  now?: () => number;
  /** Milliseconds; resolves early on abort. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

/**
 * The one loop for every executor: starts each step when all upstream steps have ended well, skips what can no longer get its
 * inputs, expands mapped steps, applies retry policies, and ends with RUN_SUCCESS, RUN_FAILURE or RUN_CANCELED (emitted).
 * A failed step stops only what is downstream of it.
 */
export declare function orchestrate(options: OrchestrateOptions): Promise<"SUCCESS" | "FAILURE" | "CANCELED">;
