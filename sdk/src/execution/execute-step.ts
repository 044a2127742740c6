import type { Definitions } from "../definitions.ts";
import type { Metadata, RunEvent } from "../model/event.ts";
import type { Plan } from "./plan.ts";
import type { EmitEvent, RunContext, StepRequest, StepResult } from "./step-protocol.ts";

/** What user code may ask of the control plane while a step runs. The run worker speaks the run API; `materialize()` answers from memory. */
export interface RunServices {
  latestMaterialization(asset: string[], partition?: string): Promise<Extract<RunEvent, { type: "ASSET_MATERIALIZATION" }> | null>;
  dynamicPartitions(name: string): Promise<string[]>;
  addDynamicPartitions(name: string, keys: string[]): Promise<void>;
  deleteDynamicPartitions(name: string, keys: string[]): Promise<void>;
}

/**
 * One process' hold on a run: definitions, plan and opened resources. Resources are opened once, when a step first needs
 * them, and closed in reverse order by `close()`, also after failure and cancel.
 */
export interface StepRuntime {
  readonly plan: Plan;
  executeStep(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult>;
  close(): Promise<void>;
}

export declare function openStepRuntime(definitions: Definitions, run: RunContext, services: RunServices): StepRuntime;

export type { Metadata };
