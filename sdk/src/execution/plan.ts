/** The execution plan: which steps a run has and what each waits for. Pure: made from a snapshot, in the worker and in the control plane alike. */
import type {
  AssetKey,
  DefinitionsSnapshot,
  OpDef,
  PartitionsDef,
  RetryPolicy,
} from "../model/definitions.ts";
import { draftAssets } from "./draft-assets.ts";
import { type Draft, draftGraph } from "./draft-graph.ts";
import { PlanError } from "./plan-error.ts";
import { resolveSteps } from "./resolve-steps.ts";
import { findJob, indexSnapshot } from "./snapshot-index.ts";

export { PlanError } from "./plan-error.ts";

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
  /** All copies of a mapped step, or all values of a dynamic output. */
  | { kind: "collect"; step: string; output: string }
  /** Loaded by that asset's IO manager: not made in this run. */
  | { kind: "asset"; key: AssetKey };

export interface Step {
  /** Path of node names joined by `.`; a mapped copy has `[mappingKey]` behind it. */
  key: string;
  op: OpDef;
  /** What is loaded. No entry for an input that nothing is connected to (config or its default), nor for a `nothing` input. */
  inputs: Record<string, StepInput>;
  /** What must have been made before but is not loaded: `nothing` inputs, ordering between assets, blocking checks. */
  after: StepInput[];
  /** Keys of steps that must have ended first, data or not. */
  upstream: string[];
  outputs: {
    name: string;
    dynamic: boolean;
    required: boolean;
    ioManager: string;
    /** Asset that this output is, if it is one and is selected. */
    asset?: AssetKey;
    /** That asset's partitions, if it has any. */
    partitions?: PartitionsDef;
    /** The asset is looked at and not made: the step returns what it saw. */
    observes?: boolean;
  }[];
  checks: { asset: AssetKey; name: string; output: string; blocking: boolean }[];
  /** Assets whose failed blocking checks skip this step. */
  gatedBy: AssetKey[];
  /** Mapped over this dynamic output: the step is a template until the output's mapping keys are known. */
  mapOver?: { step: string; output: string } | undefined;
  /** Re-execution of some mapped copies: only these mapping keys run, the others are read as stored. Absent = all. */
  copies?: string[] | undefined;
  retryPolicy?: RetryPolicy | undefined;
  tags: Record<string, string>;
  /** Names of the hooks that run when it has ended; absent = none. */
  hooks?: string[] | undefined;
  pool?: string | undefined;
}

export interface Plan {
  /** In topological order; ties by key, so two plans of one target are equal. */
  steps: Step[];
  /** Steps that this run does not execute but whose stored outputs its steps read (re-execution). */
  stored: Step[];
}

/** Throws PlanError. Indexes of a snapshot are made once and kept as long as the snapshot object lives. */
export function planRun(snapshot: DefinitionsSnapshot, target: RunTarget): Plan {
  const index = indexSnapshot(snapshot);
  const job = findJob(index, target.job);
  const problems: string[] = [];
  let drafts: Draft[];
  if (job.target.kind === "graph") {
    if (target.assets?.length || target.checks?.length) {
      throw new PlanError([`job ${job.name} is made of ops and has no assets: select its steps instead`]);
    }
    drafts = draftGraph(index, job.target.graph, job.name);
  } else {
    drafts = draftAssets(index, job, target, problems);
  }
  if (problems.length > 0) throw new PlanError(problems);
  return resolveSteps(drafts, { job, index, only: target.steps?.length ? target.steps : null });
}
