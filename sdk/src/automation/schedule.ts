import type { Log } from "../execution/log.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { JobDefinition } from "../op/job.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import type { RunRequest, SkipReason } from "./run-request.ts";

export interface ScheduleContext<R = unknown> {
  /** The tick's time, not the clock's. */
  readonly scheduledTime: Date;
  /** The last partition that had ended at the tick, when the job is partitioned by time. */
  readonly partitionKey: string | undefined;
  /** Lines that the tick keeps. */
  readonly log: Log;
  readonly resources: R;
  /** Aborted when the evaluation takes too long (60 s). */
  readonly signal: AbortSignal;
}

export type ScheduleResult = RunRequest | SkipReason | readonly RunRequest[] | undefined;

export interface ScheduleOptions<R extends ResourceMap = NoKeys> {
  /** By reference, or by name. */
  job: JobDefinition | string;
  /** One cron expression of five fields, or several. */
  cron: string | readonly string[];
  /** IANA name; default: the one of the job's time partitions, else UTC. */
  timezone?: string;
  description?: string;
  /** Of each run. */
  tags?: Readonly<Record<string, string>>;
  /** Run config of each run, when no function makes it. */
  runConfig?: Record<string, unknown>;
  /** Until somebody switches it; default `STOPPED`. */
  defaultStatus?: "RUNNING" | "STOPPED";
  resources?: R;
}

const SCHEDULE_OPTIONS: Known<ScheduleOptions> = {
  job: true,
  cron: true,
  timezone: true,
  description: true,
  tags: true,
  runConfig: true,
  defaultStatus: true,
  resources: true,
};

export interface ScheduleDefinition {
  readonly [KIND]: "schedule";
  readonly name: string;
  readonly job: JobDefinition | string;
  readonly cron: string[];
  readonly timezone: string | undefined;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly runConfig: Record<string, unknown>;
  readonly defaultStatus: "RUNNING" | "STOPPED";
  readonly resources: ResourceMap;
  readonly evaluate: ((context: ScheduleContext<never>) => unknown) | undefined;
  readonly source: string | undefined;
  /** Of a Schedule object: missed ticks that are made up for, at most. */
  readonly catchUp?: { readonly maxTicks: number };
}

type Evaluate<R extends ResourceMap> = (
  context: ScheduleContext<ResourceValues<R>>,
) => ScheduleResult | Promise<ScheduleResult>;

/**
 * Defines a schedule: a job, when, and perhaps a function that says which runs. Without one each tick asks for one run: of
 * the partition that ended at the tick, if the job has time partitions.
 * @example
 * schedule("hourly", { job: nightly, cron: "0 * * * *" }, ({ scheduledTime }) => new RunRequest({ tags: { at: scheduledTime.toISOString() } }));
 */
export function schedule<R extends ResourceMap = NoKeys>(
  name: string,
  options: ScheduleOptions<R>,
  evaluate?: Evaluate<R>,
): ScheduleDefinition;
/**
 * Defines a schedule named `<job>_schedule`. Without a function each tick asks for one run: of the partition that ended at the
 * tick, if the job has time partitions.
 * @example
 * schedule({ job: nightly, cron: "0 4 * * *", timezone: "Europe/Rome" });
 */
export function schedule<R extends ResourceMap = NoKeys>(
  options: ScheduleOptions<R>,
  evaluate?: Evaluate<R>,
): ScheduleDefinition;
export function schedule(
  first: string | ScheduleOptions<ResourceMap>,
  second?: ScheduleOptions<ResourceMap> | Evaluate<ResourceMap>,
  third?: Evaluate<ResourceMap>,
): ScheduleDefinition {
  const named = typeof first === "string";
  const options = (named ? second : first) as ScheduleOptions<ResourceMap>;
  const evaluate = (named ? third : second) as Evaluate<ResourceMap> | undefined;
  const {
    job,
    cron,
    timezone,
    description,
    tags,
    runConfig = {},
    defaultStatus = "STOPPED",
    resources = {},
  } = options;
  const name = named ? first : `${typeof job === "string" ? job : job.name}_schedule`;
  onlyKnown(`schedule ${name}`, options, SCHEDULE_OPTIONS);
  return {
    [KIND]: "schedule",
    name,
    job,
    cron: typeof cron === "string" ? [cron] : [...cron],
    timezone,
    description,
    tags: { ...tags },
    runConfig,
    defaultStatus,
    resources,
    evaluate,
    source: definitionSite(),
  };
}
