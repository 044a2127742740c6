import type { AssetDefinition } from "../asset/asset.ts";
import type { Log } from "../execution/log.ts";
import type { JobDefinition } from "../op/job.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import type { RunRequest, SkipReason } from "./run-request.ts";

export interface SensorContext<R = unknown> {
  /** What the last tick left with `setCursor`; null at first. */
  readonly cursor: string | null;
  setCursor(cursor: string): void;
  readonly lastRunKey: string | null;
  readonly lastTickTime: Date | null;
  readonly log: Log;
  readonly resources: R;
  readonly signal: AbortSignal;
  /** Keys added or deleted when the tick ends well. */
  readonly dynamicPartitions: {
    add(name: string, keys: string[]): void;
    delete(name: string, keys: string[]): void;
  };
}

type Item = RunRequest | SkipReason;
type Items = Item | readonly Item[] | undefined;
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement has type void.
export type SensorResult = Items | void | Promise<Items | void> | AsyncIterable<Items> | Iterable<Items>;

export interface SensorOptions<R extends ResourceMap = NoKeys> {
  /** What it starts: a job, several, or assets. */
  job?: JobDefinition | string;
  jobs?: readonly (JobDefinition | string)[];
  assets?: readonly AssetDefinition[];
  /** Seconds between ticks; default 30. */
  minimumInterval?: number;
  description?: string;
  tags?: Readonly<Record<string, string>>;
  /** Default `STOPPED`. */
  defaultStatus?: "RUNNING" | "STOPPED";
  resources?: R;
}

export interface SensorDefinition {
  readonly [KIND]: "sensor";
  readonly name: string;
  readonly jobs: (JobDefinition | string)[];
  readonly assets: AssetDefinition[];
  readonly minimumInterval: number;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly defaultStatus: "RUNNING" | "STOPPED";
  readonly resources: ResourceMap;
  readonly evaluate: (context: SensorContext<never>) => unknown;
  readonly source: string | undefined;
}

/** Defines a sensor: a function that looks at the world and returns, or yields, RunRequests or a SkipReason. */
export function sensor<R extends ResourceMap = NoKeys>(
  name: string,
  options: SensorOptions<R>,
  evaluate: (context: SensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  const {
    job,
    jobs = [],
    assets = [],
    minimumInterval = 30,
    description,
    tags,
    defaultStatus = "STOPPED",
    resources = {},
  } = options;
  if (!(minimumInterval > 0))
    throw new RangeError(
      `sensor ${name}: minimumInterval is ${minimumInterval}: it must be seconds, more than 0`,
    );
  return {
    [KIND]: "sensor",
    name,
    jobs: job === undefined ? [...jobs] : [job, ...jobs],
    assets: [...assets],
    minimumInterval,
    description,
    tags: { ...tags },
    defaultStatus,
    resources,
    evaluate,
    source: definitionSite(),
  };
}
