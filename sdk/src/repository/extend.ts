/** What stands beside the code, as manifests: jobs and schedules of its location like any other, and how often its sensors look. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { automationConditionSensor } from "../automation/automation-sensor.ts";
import { RunRequest } from "../automation/run-request.ts";
import { schedule } from "../automation/schedule.ts";
import type { SensorDefinition } from "../automation/sensor.ts";
import { Definitions, DefinitionsError, internalsOf } from "../definitions.ts";
import type { DefinitionsSnapshot } from "../model/definitions.ts";
import { defineAssetJob, type Executor, executionConfig, type JobDefinition } from "../op/job.ts";
import { likeNamed } from "./like-named.ts";

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
      /** Missed ticks that are made up for, at most; absent: as the daemon is set. */
      catchUp: z.object({ maxTicks: z.number() }).optional(),
      source: z.string(),
    }),
  ),
  /** Sensors of the code. */
  sensors: z
    .array(
      z.object({
        /** As the code has it, or a name that means the same. */
        name: z.string(),
        /** Seconds, in place of the code's. */
        minimumInterval: z.number().positive(),
        source: z.string(),
      }),
    )
    .optional(),
});
export type ExtraDefinitions = z.infer<typeof ExtraDefinitions>;

/** False: the location is its code alone. */
export const addsSomething = ({ jobs, schedules, sensors = [] }: ExtraDefinitions): boolean =>
  jobs.length + schedules.length + sensors.length > 0;

/** Environment variable that holds ExtraDefinitions as JSON for the processes that load a location. */
export const EXTRA_DEFINITIONS = "DAGSTER_OPERATOR_EXTRA_DEFINITIONS";

/** @throws DefinitionsError a job or asset that the code does not define; one of the code's own name stands in its place */
export function extendDefinitions(definitions: Definitions, extra: ExtraDefinitions): Definitions {
  const { repository, snapshot } = internalsOf(definitions);
  const problems: string[] = [];
  const made = new Map<string, JobDefinition>();
  const add = (job: JobDefinition) => void made.set(job.name, job);
  for (const job of extra.jobs) {
    const { name, description, target, runConfig, tags, executor, source } = job;
    const own = { ...(description === undefined ? {} : { description }), source };
    if ("selection" in target) {
      const options = {
        selection: target.selection,
        tags,
        ...(runConfig && { runConfig }),
        ...(executor && { executor }),
      };
      add({ ...defineAssetJob(name, options), ...own });
      continue;
    }
    // A job that stands in the place of one of the code may be made of that one.
    const base = (target.job === name ? undefined : made.get(target.job)) ?? repository.jobs.get(target.job);
    if (base === undefined) {
      const names = [...repository.jobs.keys()].join(", ") || "none";
      problems.push(
        `Job ${name} (${source}) runs job ${target.job}, which the code does not define; it defines ${names}`,
      );
      continue;
    }
    const config = { ...(runConfig ?? base.runConfig), ...executionConfig(executor) };
    add({ ...base, ...own, name, tags: { ...base.tags, ...tags }, runConfig: config });
  }
  const jobs = [...made.values()];
  const schedules = extra.schedules.map(
    ({ name, job, cron, timezone, runConfig, tags, partitionKey, status, catchUp, source }) => {
      const options = {
        job,
        cron,
        tags,
        defaultStatus: status,
        ...(timezone && { timezone }),
        ...(runConfig && { runConfig }),
      };
      const definition =
        partitionKey === undefined
          ? schedule(name, options)
          : schedule(name, options, () => new RunRequest({ partitionKey, ...(runConfig && { runConfig }) }));
      return { ...definition, source, ...(catchUp && { catchUp }) };
    },
  );
  const sensors = paced(definitions, extra.sensors ?? [], problems);
  if (problems.length > 0) throw new DefinitionsError(problems);
  // What the code names by reference is what now has the name.
  const byName = (job: string | JobDefinition) => {
    const name = typeof job === "string" ? job : job.name;
    return made.has(name) ? name : job;
  };
  const { jobs: own, schedules: ownSchedules, assets, checks, resources, loggers } = repository;
  const execution = snapshot.jobs.find((job) => job.implicit)?.runConfig.execution as
    | { config?: Executor }
    | undefined;
  return new Definitions({
    assets: [...assets.values()],
    checks: [...checks.values()],
    jobs: [...without(own, jobs), ...jobs],
    schedules: [
      ...without(ownSchedules, schedules).map((one) => ({ ...one, job: byName(one.job) })),
      ...schedules,
    ],
    sensors: sensors.map((one) => ({ ...one, jobs: one.jobs.map(byName) })),
    resources: Object.fromEntries(resources),
    loggers: Object.fromEntries(loggers),
    ...(execution?.config && { executor: execution.config }),
  });
}

/** The sensors of the code, with other intervals. */
function paced(
  definitions: Definitions,
  extra: NonNullable<ExtraDefinitions["sensors"]>,
  problems: string[],
): SensorDefinition[] {
  const { repository, snapshot } = internalsOf(definitions);
  const sensors = new Map(repository.sensors);
  const names = snapshot.sensors.map(({ name }) => name);
  for (const { name, minimumInterval, source } of extra) {
    const known = likeNamed(name, names);
    const def = snapshot.sensors.find((one) => one.name === known);
    if (def === undefined) {
      problems.push(
        `Sensor ${name} (${source}) sets the minimumInterval of a sensor that the code does not define; it defines ${names.join(", ") || "none"}`,
      );
      continue;
    }
    // The one of automation conditions is there without being defined.
    const { name: found, description, assets, checks = [], defaultStatus, tags } = def;
    const evaluated = [...assets, ...checks.map(({ asset }) => asset)];
    const target = evaluated.map((key) => `key:${JSON.stringify(key.join("/"))}`).join(" or ");
    const options = { target, defaultStatus, tags, ...(description !== undefined && { description }) };
    const sensor = sensors.get(found) ?? automationConditionSensor(found, options);
    sensors.set(found, { ...sensor, minimumInterval });
  }
  return [...sensors.values()];
}

function without<D extends { name: string }>(all: ReadonlyMap<string, D>, others: { name: string }[]): D[] {
  const names = new Set(others.map(({ name }) => name));
  return [...all.values()].filter(({ name }) => !names.has(name));
}

/** The same for whoever has them, through whatever JSON they came: parsing puts their members in order. */
export const extraHash = (extra: ExtraDefinitions): string => hashOf(ExtraDefinitions.parse(extra));

const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** As many of them as fit the code: one that does not is left out and told, and takes nothing else away. */
export function extendWhatFits(
  definitions: Definitions,
  extra: ExtraDefinitions,
): { definitions: Definitions; snapshot: DefinitionsSnapshot } {
  const { snapshot: code, repository } = internalsOf(definitions);
  const refused: NonNullable<DefinitionsSnapshot["extended"]>["refused"] = [];
  let extended = definitions;
  try {
    extended = extendDefinitions(definitions, extra);
  } catch {
    // Which of them it is, and whether the others fit without it, is found by adding one after the other.
    const fitting: ExtraDefinitions = { jobs: [], schedules: [] };
    const add = (kind: "job" | "schedule" | "sensor", name: string, next: ExtraDefinitions) => {
      try {
        extended = extendDefinitions(definitions, next);
        Object.assign(fitting, next);
      } catch (error) {
        const message =
          error instanceof DefinitionsError
            ? [...new Set(error.problems)].join("; ")
            : (error as Error).message;
        refused.push({ kind, name, message });
      }
    };
    for (const job of extra.jobs) add("job", job.name, { ...fitting, jobs: [...fitting.jobs, job] });
    for (const one of extra.schedules)
      add("schedule", one.name, { ...fitting, schedules: [...fitting.schedules, one] });
    for (const one of extra.sensors ?? [])
      add("sensor", one.name, { ...fitting, sensors: [...(fitting.sensors ?? []), one] });
  }
  const fits = (kind: "job" | "schedule") => (name: string) =>
    !refused.some((one) => one.kind === kind && one.name === name);
  const replaced = [
    ...extra.jobs
      .filter(({ name }) => repository.jobs.has(name) && fits("job")(name))
      .map(({ name }) => ({ kind: "job" as const, name })),
    ...extra.schedules
      .filter(({ name }) => repository.schedules.has(name) && fits("schedule")(name))
      .map(({ name }) => ({ kind: "schedule" as const, name })),
  ];
  const plain = extended.snapshot();
  const about = { codeHash: code.hash, extraHash: extraHash(extra), refused, replaced };
  const hash = hashOf([plain.hash, about]);
  return { definitions: extended, snapshot: { ...plain, hash, extended: about } };
}

/** With what the environment adds, if it does. */
export function withExtraDefinitions(
  definitions: Definitions,
  env: NodeJS.ProcessEnv = process.env,
): Definitions {
  const text = env[EXTRA_DEFINITIONS];
  return text ? extendDefinitions(definitions, ExtraDefinitions.parse(JSON.parse(text))) : definitions;
}
