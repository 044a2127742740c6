/** Job, Schedule and Sensor objects as definitions of their code location, wherever that is served. Pure. */
import type { ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { JobSpec } from "./job.ts";
import { definitionName } from "./object.ts";
import type { ScheduleSpec } from "./schedule.ts";
import type { SensorSpec } from "./sensor.ts";
import type { TargetFields } from "./target.ts";

export { likeNamed, plainName } from "@dagster-operator/sdk/internal";

type ExtraJob = ExtraDefinitions["jobs"][number];

/** Name in its location of the job that a target names; undefined: it selects assets. */
export const jobOfTarget = ({ jobRef, job }: TargetFields): string | undefined =>
  jobRef ? definitionName(jobRef.name) : job;

/** `source` names the object or its place in a file, for messages. */
export function jobDefinition(name: string, spec: JobSpec, source: string): ExtraJob {
  const { description, job, assetSelection, runConfig, tags, partitionKey, executor } = spec;
  return {
    name: definitionName(name),
    ...(description !== undefined && { description }),
    target: job === undefined ? { selection: assetSelection ?? "*" } : { job },
    ...(runConfig && { runConfig }),
    tags: { ...tags, ...(partitionKey !== undefined && { "dagster/partition": partitionKey }) },
    ...(executor && { executor }),
    source,
  };
}

/** null: it has no cron, so it is about a schedule of the code. */
export function scheduleDefinition(
  name: string,
  spec: ScheduleSpec,
  source: string,
): ExtraDefinitions | null {
  const cron = spec.crons ?? (spec.cron === undefined ? [] : [spec.cron]);
  if (cron.length === 0) return null;
  const own = definitionName(name);
  const target = jobOfTarget(spec);
  // What a job lacks that only a job can have, one of the schedule's own has: a selection, an executor, pods.
  const job = target === undefined || spec.executor || spec.podTemplate ? `${own}_run` : target;
  const jobs: ExtraJob[] =
    job === target
      ? []
      : [
          {
            name: job,
            description: `What Schedule ${name} runs`,
            target: target === undefined ? { selection: spec.assetSelection ?? "*" } : { job: target },
            tags: {},
            ...(spec.executor && { executor: spec.executor }),
            source,
          },
        ];
  return {
    jobs,
    schedules: [
      {
        name: own,
        job,
        cron,
        ...(spec.timeZone !== undefined && { timezone: spec.timeZone }),
        ...(spec.runConfig && {
          // A tick's config stands in the place of the job's, with the executor that is in it.
          runConfig: spec.executor
            ? { ...spec.runConfig, execution: { config: { [spec.executor]: {} } } }
            : spec.runConfig,
        }),
        tags: spec.tags ?? {},
        ...(spec.partitionKey !== undefined &&
          spec.partitionKey !== "latest" && { partitionKey: spec.partitionKey }),
        ...(spec.catchUp && { catchUp: spec.catchUp }),
        status: spec.suspend ? "STOPPED" : "RUNNING",
        source,
      },
    ],
  };
}

/** null: it leaves the sensor as the code has it. */
export function sensorDefinition(
  name: string,
  { sensor, minimumInterval }: SensorSpec,
  source: string,
): NonNullable<ExtraDefinitions["sensors"]>[number] | null {
  return minimumInterval === undefined ? null : { name: sensor ?? name, minimumInterval, source };
}
