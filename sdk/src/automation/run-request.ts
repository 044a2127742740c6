import type { AssetDefinition } from "../asset/asset.ts";
import { type AssetKeyLike, assetKey } from "../asset/asset-key.ts";
import type { EvaluationResult } from "../evaluate.ts";
import type { LoggedEvent } from "../execution/context.ts";
import type { JobDefinition } from "../op/job.ts";
import { KIND, kindOf } from "../source.ts";

export interface RunRequestOptions {
  /** A sensor starts no second run for a key that it has used; a schedule none within one tick. Default: each request is its own. */
  runKey?: string;
  /** Needed only where the schedule or sensor has several jobs. */
  job?: JobDefinition | string;
  /** A part of the job's assets; default all. */
  assets?: readonly (AssetDefinition | AssetKeyLike)[];
  /** Replaces the default of the schedule or job whole. */
  runConfig?: Record<string, unknown>;
  /** Added to those of the job and of the schedule. */
  tags?: Record<string, string>;
  /** Default in a schedule of a job with time partitions: the one that ended at the tick. */
  partitionKey?: string;
}

/** Asks for a run. */
export class RunRequest {
  readonly [KIND] = "runRequest" as const;
  readonly options: RunRequestOptions;
  constructor(options: RunRequestOptions = {}) {
    this.options = options;
  }
}

/** Says why a tick asks for no run. */
export class SkipReason {
  readonly [KIND] = "skipReason" as const;
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface SensorResultOptions {
  runRequests?: readonly RunRequest[];
  skipReason?: string | SkipReason;
  /** The same as `setCursor`. */
  cursor?: string;
  /** Materializations and observations that nobody ran: what the sensor found out about an asset. */
  assetEvents?: readonly LoggedEvent[];
}

/** All that a sensor has to say in one value. */
export class SensorResult {
  readonly [KIND] = "sensorResult" as const;
  readonly options: SensorResultOptions;
  constructor(options: SensorResultOptions) {
    this.options = options;
  }
}

const keyOf = (item: AssetDefinition | AssetKeyLike) =>
  kindOf(item) === "asset" ? (item as AssetDefinition).key : assetKey(item as AssetKeyLike);

/** The plain form that leaves the process. */
export function plainRequest({ options }: RunRequest): EvaluationResult["runRequests"][number] {
  const { runKey, job, assets, runConfig, tags, partitionKey } = options;
  return {
    runKey,
    job: typeof job === "object" ? job.name : job,
    assets: assets?.map(keyOf),
    runConfig,
    tags,
    partitionKey,
  };
}
