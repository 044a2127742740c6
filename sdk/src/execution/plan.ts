/** The execution plan: which steps a run has and what each waits for. Pure: made from a snapshot, in the worker and in the control plane alike. */
import type { AssetKey, DefinitionsSnapshot, OpDef, RetryPolicy } from "../model/definitions.ts";

/** What a run is to do, as every caller states it. Empty selections mean "all of the job". */
export interface RunTarget {
  job: string;
  assets?: AssetKey[] | undefined;
  checks?: { asset: AssetKey; name: string }[] | undefined;
  /** Step keys, for op jobs and for re-execution; what is not named is not run and its outputs are read from the parent run. */
  steps?: string[] | undefined;
}

/** Where a step's input comes from. `step` outputs are read through the IO manager of the output that made them. */
export type StepInput =
  | { kind: "step"; step: string; output: string }
  | { kind: "fan_in"; sources: StepInput[] }
  | { kind: "collect"; step: string; output: string }
  /** Loaded by that asset's IO manager: not made in this run. */
  | { kind: "asset"; key: AssetKey };

export interface Step {
  /** Path of node names joined by `.`; a mapped copy has `[mappingKey]` behind it. */
  key: string;
  op: OpDef;
  inputs: Record<string, StepInput>;
  /** Keys of steps that must have ended first, data or not. */
  upstream: string[];
  outputs: {
    name: string;
    dynamic: boolean;
    required: boolean;
    ioManager: string;
    /** Asset that this output is, if it is one and is selected. */
    asset?: AssetKey;
  }[];
  checks: { asset: AssetKey; name: string; output: string; blocking: boolean }[];
  /** Mapped over this dynamic output: the step is a template until the output's mapping keys are known. */
  mapOver?: { step: string; output: string } | undefined;
  retryPolicy?: RetryPolicy | undefined;
  tags: Record<string, string>;
  pool?: string | undefined;
}

export interface Plan {
  /** In topological order; ties by key, so two plans of one target are equal. */
  steps: Step[];
}

/** Thrown when a target cannot be planned: unknown job, asset or step, or a partial multi-asset that may not be subset. */
export class PlanError extends Error {
  override name = "PlanError";
}

export declare function planRun(snapshot: DefinitionsSnapshot, target: RunTarget): Plan;
