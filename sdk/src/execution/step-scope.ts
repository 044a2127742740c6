/** What the parts of a step's execution share. */
import type { AssetDefinition } from "../asset/asset.ts";
import type { RunEvent } from "../model/event.ts";
import type { OpNode } from "../op/node.ts";
import type { Repository } from "../repository/collect.ts";
import type { StepObserver } from "./execute-step.ts";
import type { Log } from "./log.ts";
import type { Plan, Step } from "./plan.ts";
import type { ResourceScope } from "./resource-scope.ts";
import type { PartitionClock, StepPartitions } from "./step-partitions.ts";
import type { StepRequest } from "./step-protocol.ts";

/** A run, as one process holds it. */
export interface RunScope {
  repository: Repository;
  plan: Plan;
  /** By key: executed in this run. */
  steps: ReadonlyMap<string, Step>;
  /** By key: not executed, but read. */
  stored: ReadonlyMap<string, Step>;
  resources: ResourceScope;
  observer: StepObserver;
}

/** One try of one step. */
export interface StepScope {
  run: RunScope;
  step: Step;
  node: OpNode;
  request: StepRequest;
  /** Mapping key of this copy, if the step is mapped. */
  mappingKey: string | undefined;
  partitions: StepPartitions;
  /** Values that run config gives for inputs that nothing is connected to. */
  runInputs: Readonly<Record<string, unknown>>;
  clock: PartitionClock;
  emit: (event: RunEvent) => void;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}

export const assetOf = (scope: StepScope, key: string): AssetDefinition => {
  const asset = scope.run.repository.assets.get(key);
  if (asset === undefined)
    throw new Error(
      `asset ${key} is not in the definitions of this process: they have changed since the run was planned`,
    );
  return asset;
};
