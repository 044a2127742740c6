import type { AssetDefinition } from "../asset/asset.ts";
import type { Log } from "../execution/log.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { SensorMonitors } from "../model/definitions.ts";
import type { JobDefinition } from "../op/job.ts";
import type { DynamicPartitions } from "../partitions/index.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import type { SensorResult as Result, RunRequest, SkipReason } from "./run-request.ts";

export interface SensorContext<R = unknown> {
  /** What the last tick left with `setCursor`; null at first. */
  readonly cursor: string | null;
  /** Kept when the tick ends well; not when it throws. */
  setCursor(cursor: string): void;
  /** Of the last RunRequest that had one. */
  readonly lastRunKey: string | null;
  readonly lastTickTime: Date | null;
  /** Lines that the tick keeps. */
  readonly log: Log;
  readonly resources: R;
  /** Aborted when the evaluation takes too long (60 s). */
  readonly signal: AbortSignal;
  /** Keys added or deleted when the tick ends well. */
  readonly dynamicPartitions: {
    add(partitions: DynamicPartitions, keys: string[]): void;
    delete(partitions: DynamicPartitions, keys: string[]): void;
  };
}

type Item = RunRequest | SkipReason | Result;
type Items = Item | readonly Item[] | undefined;
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement has type void.
export type SensorResult = Items | void | Promise<Items | void> | AsyncIterable<Items> | Iterable<Items>;

export interface SensorOptions<R extends ResourceMap = NoKeys> {
  /** What it starts, by reference or by name. Of several `jobs` each RunRequest names its own; `assets` need no job. */
  job?: JobDefinition | string;
  jobs?: readonly (JobDefinition | string)[];
  assets?: readonly AssetDefinition[];
  /** Seconds between ticks; default 30. */
  minimumInterval?: number;
  description?: string;
  /** Of the sensor itself, not of its runs. */
  tags?: Readonly<Record<string, string>>;
  /** Until somebody switches it; default `STOPPED`. */
  defaultStatus?: "RUNNING" | "STOPPED";
  resources?: R;
}

const SENSOR_OPTIONS: Known<SensorOptions> = {
  job: true,
  jobs: true,
  assets: true,
  minimumInterval: true,
  description: true,
  tags: true,
  defaultStatus: true,
  resources: true,
};

export interface SensorDefinition {
  readonly [KIND]: "sensor";
  readonly kind: "standard" | "asset" | "multi_asset" | "run_status" | "automation";
  /** Of one that evaluates automation conditions: of which assets. */
  readonly automation?: { selection: string[]; runTags: Record<string, string> };
  readonly monitors: SensorMonitors | undefined;
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

/**
 * Defines a sensor: a function that looks at the world and returns, or yields, RunRequests or a SkipReason.
 * @example
 * sensor("inbox", { job: load }, async ({ cursor, setCursor }) => {
 *   const files = (await readdir("inbox")).sort().filter((file) => file > (cursor ?? ""));
 *   if (files.length === 0) return new SkipReason("nothing new");
 *   setCursor(files.at(-1) ?? "");
 *   return files.map((file) => new RunRequest({ runKey: file }));
 * });
 */
export function sensor<R extends ResourceMap = NoKeys>(
  name: string,
  options: SensorOptions<R>,
  evaluate: (context: SensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  return makeSensor("standard", undefined, name, options, evaluate);
}

export function makeSensor(
  kind: SensorDefinition["kind"],
  monitors: SensorMonitors | undefined,
  name: string,
  options: SensorOptions<ResourceMap>,
  evaluate: (context: never) => unknown,
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
  onlyKnown(`sensor ${name}`, options, SENSOR_OPTIONS);
  if (!(minimumInterval > 0))
    throw new RangeError(
      `sensor ${name}: minimumInterval is ${minimumInterval}: it must be seconds, more than 0`,
    );
  return {
    [KIND]: "sensor",
    kind,
    monitors,
    name,
    jobs: job === undefined ? [...jobs] : [job, ...jobs],
    assets: [...assets],
    minimumInterval,
    description,
    tags: { ...tags },
    defaultStatus,
    resources,
    evaluate: evaluate as SensorDefinition["evaluate"],
    source: definitionSite(),
  };
}
