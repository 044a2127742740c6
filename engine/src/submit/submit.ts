/** Submit: the one way into the queue. GraphQL, CLI, ticks, backfills and Run objects all end here. */
import {
  ASSET_JOB,
  type DefinitionsSnapshot,
  type JobDef,
  type Plan,
  PlanError,
  planRun,
  type RunContext,
} from "@dagster-operator/sdk/internal";
import { InvalidInput, type Issue, NotFound, Unavailable } from "../errors.ts";
import type { RunPools } from "../ports/pool-storage.ts";
import type { NewRun } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";
import type { LocationEntry, Workspace } from "../ports/workspace.ts";
import { missingConfig } from "./missing-config.ts";
import { didYouMean } from "./nearest.ts";
import {
  PartitionsNow,
  partitionedParts,
  partitionIssues,
  partitionOfTags,
  partitionTags,
} from "./partition.ts";

export interface SubmitDeps {
  storage: Storage;
  workspace: Workspace;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Makes a run id: a UUID. */
  newId: () => string;
}

export interface SubmitRequest {
  location: string;
  /** Default: the implicit job of all assets, which then needs `assets` or `checks`. */
  job?: string | undefined;
  /** Assets to make; default all of the job. */
  assets?: string[][] | undefined;
  checks?: { asset: string[]; name: string }[] | undefined;
  /** Step keys; default all. */
  steps?: string[] | undefined;
  /** Replaces the job's default run config as a whole; absent or `{}` = the default. */
  runConfig?: Record<string, unknown> | undefined;
  /** Added to the job's tags, and win over them. */
  tags?: Record<string, string> | undefined;
  /** Default: what the tag `dagster/partition` says. */
  partition?: RunContext["partition"] | undefined;
  /** Second submit with the same key gives the first run back. */
  idempotencyKey?: string | undefined;
  /** Who asks, if it is a tick. */
  origin?:
    | { kind: "SCHEDULE" | "SENSOR"; name: string; tickId: number; at: number; runKey?: string | undefined }
    | undefined;
  /** Where a re-execution comes from; made by `reexecute`. */
  lineage?: { parentRunId: string; rootRunId: string; known: RunContext["known"] } | undefined;
}

export interface Submitted {
  runId: string;
  /** False when the idempotency key was known: `runId` is the earlier run. */
  created: boolean;
}

/**
 * Checks everything that can be known before a run starts, then writes it as QUEUED.
 * @throws NotFound location or job · Unavailable the location cannot serve now · InvalidInput selection, partition or config
 */
export async function submitRun(deps: SubmitDeps, request: SubmitRequest): Promise<Submitted> {
  const [submitted] = await submitRuns(deps, [request]);
  if (!submitted) throw new Error("storage gave no answer for a submitted run");
  return submitted;
}

/** All or none: a fault in any request is thrown before a row is written. Results are in the order of the requests. */
export async function submitRuns(deps: SubmitDeps, requests: SubmitRequest[]): Promise<Submitted[]> {
  if (requests.length === 0) return [];
  return deps.storage.runs.submit(await prepareRuns(deps, requests));
}

/** The checks of `submitRuns` alone: the rows it would write. */
export async function prepareRuns(deps: SubmitDeps, requests: SubmitRequest[]): Promise<NewRun[]> {
  const partitions = new PartitionsNow(deps.now(), (name) => deps.storage.assets.dynamicPartitions(name));
  const validate = configValidator();
  const runs: NewRun[] = [];
  for (const request of requests) runs.push(await prepare(deps, request, partitions, validate));
  return runs;
}

async function prepare(
  deps: SubmitDeps,
  request: SubmitRequest,
  partitions: PartitionsNow,
  validate: ReturnType<typeof configValidator>,
): Promise<NewRun> {
  const { entry, snapshot, code } = serving(deps.workspace, request.location);
  const job = findJob(snapshot.jobs, request);
  const plan = planned(snapshot, job, request);
  const assets =
    request.assets ?? (job.target.kind === "assets" && !request.checks ? job.target.assets : null);
  if (job.implicit && !request.assets && !request.checks) {
    throw new InvalidInput("no assets are selected", [
      { path: "assets", message: "name at least one asset or check" },
    ]);
  }

  const tags = { ...job.tags, ...request.tags };
  const partition = request.partition ?? partitionOfTags(tags);
  const checked = (request.checks ?? []).map(({ asset }) => asset);
  const parts = partitionedParts(snapshot, job, [...(assets ?? []), ...checked]);
  const runConfig = isEmpty(request.runConfig) ? job.runConfig : request.runConfig;

  const steps = new Set(plan.steps.map(topNode));
  const issues = await partitionIssues(parts, partition, partitions);
  for (const issue of await validate(entry.name, code, job.name, runConfig)) {
    if (!isAboutUnselected(issue, steps, runConfig)) issues.push(issue);
  }
  if (job.implicit) issues.push(...missingConfig(plan, snapshot, runConfig));
  if (issues.length > 0) throw new InvalidInput(describe(job, issues), issues);

  return {
    runId: deps.newId(),
    location: entry.name,
    job: job.name,
    assets,
    checks: request.checks ?? null,
    steps: request.steps ?? null,
    runConfig,
    tags: { ...tags, ...partitionTags(partition, parts), ...originTags(entry.name, request) },
    partition,
    parentRunId: request.lineage?.parentRunId ?? null,
    rootRunId: request.lineage?.rootRunId ?? null,
    known: request.lineage?.known ?? { outputsFrom: {}, mappingKeys: {} },
    codeVersion: entry.codeVersion,
    idempotencyKey: request.idempotencyKey ?? null,
    pools: poolsOf(plan),
  };
}

/** null when no step is in a pool. */
function poolsOf({ steps }: Plan): RunPools | null {
  const all = new Set(steps.flatMap(({ pool }) => pool ?? []));
  if (all.size === 0) return null;
  const roots = steps.filter(({ upstream }) => upstream.length === 0).map(({ pool }) => pool ?? null);
  return { all: [...all].sort(), roots: [...new Set(roots)] };
}

/** @throws NotFound · Unavailable with the state that it is in and what to do */
export function serving(workspace: Workspace, location: string) {
  const entry = workspace.get(location);
  if (!entry) {
    const names = workspace.list().map(({ name }) => name);
    throw new NotFound(
      "code location",
      location,
      didYouMean(location, names) || `there are ${names.join(", ") || "none"}`,
    );
  }
  const { snapshot, code } = entry;
  if (entry.state !== "LOADED" || !snapshot || !code) throw new Unavailable(whyNotServing(entry));
  return { entry, snapshot, code };
}

function whyNotServing(entry: LocationEntry): string {
  const of = `code location ${entry.name}`;
  switch (entry.state) {
    case "LOADING":
      return `${of} is loading: try again when it has loaded`;
    case "SHUTDOWN":
      return `${of} was shut down: reload it first`;
    case "ERROR":
      if (entry.error?.name === "Unavailable")
        return `${of} has no code server that answers (${entry.error.message}): try again when it is back`;
      return `${of} does not load (${entry.error?.message ?? "unknown error"}): correct its code, then reload it`;
    case "LOADED":
      return `${of} has no code server at the moment: try again`;
  }
}

function findJob(jobs: JobDef[], request: SubmitRequest): JobDef {
  const name = request.job ?? ASSET_JOB;
  const job = jobs.find((candidate) => candidate.name === name);
  if (job) return job;
  if (name === ASSET_JOB)
    throw new NotFound("asset", `in code location ${request.location}`, "it defines none to run");
  const near = didYouMean(
    name,
    jobs.map((candidate) => candidate.name),
  );
  throw new NotFound("job", name, near || `code location ${request.location} does not define it`);
}

function planned(snapshot: DefinitionsSnapshot, job: JobDef, request: SubmitRequest): Plan {
  const { assets, checks, steps } = request;
  try {
    return planRun(snapshot, { job: job.name, assets, checks, steps });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const path = steps ? "steps" : assets ? "assets" : "job";
    throw new InvalidInput(error.message, [{ path, message: error.message }]);
  }
}

/** Name of the node at the top of the job that a step belongs to: the first part of its key. */
function topNode({ key }: { key: string }): string {
  return (key.split(".")[0] ?? key).replace(/\[.*$/, "");
}

/** Asks user code once for each different (location, job, config) of a batch. */
function configValidator() {
  const answers = new Map<string, Promise<Issue[]>>();
  return (
    location: string,
    code: NonNullable<LocationEntry["code"]>,
    job: string,
    runConfig: Record<string, unknown>,
  ): Promise<Issue[]> => {
    const id = JSON.stringify([location, job, runConfig]);
    let answer = answers.get(id);
    if (!answer) {
      answer = code.validateRunConfig(job, runConfig);
      answers.set(id, answer);
    }
    return answer;
  };
}

/** A job is validated as a whole, but what a selection leaves out needs no config. What is given is checked all the same. */
function isAboutUnselected(issue: Issue, steps: Set<string>, runConfig: Record<string, unknown>): boolean {
  const [section, node] = issue.path.split(".");
  if (section !== "ops" || !node || steps.has(node)) return false;
  const ops = runConfig.ops;
  return !(typeof ops === "object" && ops !== null && node in ops);
}

function describe(job: JobDef, issues: Issue[]): string {
  const lines = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return `a run of ${job.implicit ? "these assets" : `job ${job.name}`} cannot start: ${lines.join("; ")}`;
}

function originTags(location: string, { origin, lineage }: SubmitRequest): Record<string, string> {
  const tags: Record<string, string> = { ".dagster/repository": `__repository__@${location}` };
  if (lineage) {
    tags["dagster/parent_run_id"] = lineage.parentRunId;
    tags["dagster/root_run_id"] = lineage.rootRunId;
  }
  if (!origin) return tags;
  tags[origin.kind === "SCHEDULE" ? "dagster/schedule_name" : "dagster/sensor_name"] = origin.name;
  tags["dagster/tick"] = String(origin.tickId);
  if (origin.kind === "SCHEDULE")
    tags[".dagster/scheduled_execution_time"] = new Date(origin.at).toISOString();
  if (origin.runKey !== undefined) tags["dagster/run_key"] = origin.runKey;
  return tags;
}

function isEmpty(config: Record<string, unknown> | undefined): config is undefined {
  return config === undefined || Object.keys(config).length === 0;
}
