/** Jobs and schedules that stand beside the code, as manifests, and become definitions of its location like any other. */
import { z } from "zod";
import { RunRequest } from "../automation/run-request.ts";
import { schedule } from "../automation/schedule.ts";
import { Definitions, DefinitionsError, internalsOf } from "../definitions.ts";
import { defineAssetJob, type Executor, executionConfig, type JobDefinition } from "../op/job.ts";

const Json = z.record(z.string(), z.unknown());
const Tags = z.record(z.string(), z.string());

export const ExtraDefinitions = z.object({
  jobs: z.array(
    z.object({
      name: z.string(),
      description: z.string().optional(),
      /** A job of the code, run with other config and tags; or else a selection of assets. */
      target: z.union([z.object({ job: z.string() }), z.object({ selection: z.string() })]),
      /** Replaces that of the job of the code. */
      runConfig: Json.optional(),
      tags: Tags,
      executor: z.enum(["in_process", "multiprocess", "k8s_job"]).optional(),
      /** File and line, for messages. */
      source: z.string(),
    }),
  ),
  schedules: z.array(
    z.object({
      name: z.string(),
      job: z.string(),
      cron: z.array(z.string()),
      timezone: z.string().optional(),
      runConfig: Json.optional(),
      tags: Tags,
      /** Absent: the last one that had ended at the tick, when the job has time partitions. */
      partitionKey: z.string().optional(),
      status: z.enum(["RUNNING", "STOPPED"]),
      source: z.string(),
    }),
  ),
});
export type ExtraDefinitions = z.infer<typeof ExtraDefinitions>;

/** Environment variable that holds ExtraDefinitions as JSON for the processes that load a location. */
export const EXTRA_DEFINITIONS = "DAGSTER_OPERATOR_EXTRA_DEFINITIONS";

/** @throws DefinitionsError a job or asset that the code does not define, a name used twice */
export function extendDefinitions(definitions: Definitions, extra: ExtraDefinitions): Definitions {
  const { repository, snapshot } = internalsOf(definitions);
  const problems: string[] = [];
  const jobs = extra.jobs.flatMap((job): JobDefinition[] => {
    const { name, description, target, runConfig, tags, executor, source } = job;
    const own = { ...(description === undefined ? {} : { description }), source };
    if ("selection" in target) {
      const options = {
        selection: target.selection,
        tags,
        ...(runConfig && { runConfig }),
        ...(executor && { executor }),
      };
      return [{ ...defineAssetJob(name, options), ...own }];
    }
    const base = repository.jobs.get(target.job);
    if (base === undefined) {
      const names = [...repository.jobs.keys()].join(", ") || "none";
      problems.push(
        `Job ${name} (${source}) runs job ${target.job}, which the code does not define; it defines ${names}`,
      );
      return [];
    }
    const config = { ...(runConfig ?? base.runConfig), ...executionConfig(executor) };
    return [{ ...base, ...own, name, tags: { ...base.tags, ...tags }, runConfig: config }];
  });
  const schedules = extra.schedules.map(
    ({ name, job, cron, timezone, runConfig, tags, partitionKey, status, source }) => {
      const options = {
        job,
        cron,
        tags,
        defaultStatus: status,
        ...(timezone && { timezone }),
        ...(runConfig && { runConfig }),
      };
      const made =
        partitionKey === undefined
          ? schedule(name, options)
          : schedule(name, options, () => new RunRequest({ partitionKey, ...(runConfig && { runConfig }) }));
      return { ...made, source };
    },
  );
  if (problems.length > 0) throw new DefinitionsError(problems);
  const { jobs: own, schedules: ownSchedules, assets, checks, sensors, resources } = repository;
  const execution = snapshot.jobs.find((job) => job.implicit)?.runConfig.execution as
    | { config?: Executor }
    | undefined;
  return new Definitions({
    assets: [...assets.values()],
    checks: [...checks.values()],
    jobs: [...own.values(), ...jobs],
    schedules: [...ownSchedules.values(), ...schedules],
    sensors: [...sensors.values()],
    resources: Object.fromEntries(resources),
    ...(execution?.config && { executor: execution.config }),
  });
}

/** With what the environment adds, if it does. */
export function withExtraDefinitions(
  definitions: Definitions,
  env: NodeJS.ProcessEnv = process.env,
): Definitions {
  const text = env[EXTRA_DEFINITIONS];
  return text ? extendDefinitions(definitions, ExtraDefinitions.parse(JSON.parse(text))) : definitions;
}
