import type { StepRequest, StepResult } from "@dagster-operator/sdk/internal";

/** A step that a run worker wants to run in a pod of its own (executor `k8s_job`). */
export interface StepLaunch {
  request: StepRequest;
  /** Name of its op in the code, and the op's tags: they choose its pod's config. */
  op: string;
  tags: Record<string, string>;
}

/** Names one try of one step: the run's attempt, the step's key, the step's attempt. */
export interface StepLaunchKey {
  runId: string;
  attempt: number;
  stepKey: string;
  stepAttempt: number;
}

export interface ClaimedStep extends StepLaunchKey {
  id: number;
  location: string;
  codeVersion: string | null;
  op: string;
  tags: Record<string, string>;
}

/** Steps for a compute backend, as rows, from the request of the run worker to the result of the step's worker. */
export interface StepLaunches {
  /** Idempotent by its key. Wakes channel `compute`. @throws NotFound no such run */
  request(launch: StepLaunch): Promise<void>;
  /** null = nobody asked for it. `result` null = it has not ended. */
  get(key: StepLaunchKey): Promise<{ request: StepRequest; result: StepResult | null } | null>;
  /** Leases up to `max` that are not started; those of runs that ended and of older attempts are dropped. */
  claim(owner: string, max: number, leaseMs: number): Promise<ClaimedStep[]>;
  /** It was started: it is claimed no more. */
  started(id: number): Promise<void>;
  /** The first result counts. Resolves true if this was it. Wakes channel `run`. */
  finish(key: StepLaunchKey, result: StepResult): Promise<boolean>;
}
