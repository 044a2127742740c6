import type { z } from "zod";
import type { AssetDefinition } from "../asset/asset.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { LoggerDefinition } from "../logger/logger.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import { definitionSite, KIND, kindOf } from "../source.ts";
import { type ConfigMapping, configMapping, type MappedConfig, type OpsConfig } from "./config-mapping.ts";
import { composeGraph, type GraphDefinition, type GraphResult } from "./graph.ts";
import type { HookDefinition } from "./hook.ts";
import { type GraphNode, type RetryPolicyOptions, retryPolicy } from "./node.ts";

/**
 * Where steps run: `in_process` (default), one after another in the run's own process; `multiprocess`, each in a process of its
 * own, `max_concurrent` at once (default one a CPU); `k8s_job`, each in a pod of its own, in a cluster.
 */
export type Executor =
  | "in_process"
  | { multiprocess: { max_concurrent?: number } }
  | { k8s_job: Record<string, unknown> }
  | "multiprocess"
  | "k8s_job";

/** What a job's config mapping may return. */
export interface MappedRunConfig {
  ops?: OpsConfig;
  resources?: Readonly<Record<string, unknown>>;
}
export interface JobOptions<C extends z.ZodType | undefined = z.ZodType | undefined>
  extends MappedConfig<C, MappedRunConfig> {
  description?: string;
  /** Of each run. */
  tags?: Readonly<Record<string, string>>;
  /** Each run is then of one partition; default for a job of assets: what they have in common. */
  partitions?: PartitionsDef;
  /** Default run config, Dagster's shape: `{ ops: { name: { config } }, resources: { name: { config } } }`. One that a run gives replaces it whole. */
  runConfig?: Record<string, unknown>;
  /** Where the steps run when a run does not say. */
  executor?: Executor;
  /** For steps that have no policy of their own. */
  retryPolicy?: RetryPolicyOptions;
  /** Run after each of its steps. */
  hooks?: readonly HookDefinition[];
  /** By the names that run config gives under `loggers`, besides those of Definitions and `console`. */
  loggers?: Readonly<Record<string, LoggerDefinition>>;
}

const JOB_OPTIONS: Known<JobOptions> = {
  config: true,
  mapConfig: true,
  description: true,
  tags: true,
  partitions: true,
  runConfig: true,
  executor: true,
  retryPolicy: true,
  hooks: true,
  loggers: true,
};

/** A job: a graph of ops, or a selection of assets. */
export interface JobDefinition {
  readonly [KIND]: "job";
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly partitions: PartitionsDef | undefined;
  readonly runConfig: Record<string, unknown>;
  readonly retryPolicy: ReturnType<typeof retryPolicy> | undefined;
  /** Its own config at the top of run config, in the place of `ops`. */
  readonly mapping: ConfigMapping | undefined;
  readonly hooks: readonly HookDefinition[];
  readonly loggers: Readonly<Record<string, LoggerDefinition>>;
  readonly target: { graph: GraphNode } | { selection: string | readonly AssetDefinition[] };
  readonly source: string | undefined;
}

export function executionConfig(executor: Executor | undefined): Record<string, unknown> {
  if (executor === undefined) return {};
  return { execution: { config: typeof executor === "string" ? { [executor]: {} } : executor } };
}

function makeJob(name: string, options: JobOptions, target: JobDefinition["target"]): JobDefinition {
  return {
    [KIND]: "job",
    name,
    description: options.description,
    tags: { ...options.tags },
    partitions: options.partitions,
    runConfig: { ...executionConfig(options.executor), ...options.runConfig },
    retryPolicy: options.retryPolicy && retryPolicy(options.retryPolicy),
    mapping: configMapping(`job ${name}`, options),
    hooks: options.hooks ?? [],
    loggers: options.loggers ?? {},
    target,
    source: definitionSite(),
  };
}

/**
 * Defines a job of ops; the body calls them as functions on handles. A graph may be given in place of a body.
 * @example
 * const load = job("load", () => { store({ rows: read() }); });
 */
export function job(
  name: string,
  body: (() => GraphResult) | GraphDefinition<Record<never, never>>,
): JobDefinition;
/**
 * Defines a job of ops with tags, partitions, a default config, an executor or a retry policy.
 * @example
 * const load = job("load", { executor: "multiprocess", tags: { team: "red" } }, () => { store({ rows: read() }); });
 */
export function job<C extends z.ZodType | undefined = undefined>(
  name: string,
  options: JobOptions<C>,
  body: (() => GraphResult) | GraphDefinition<Record<never, never>>,
): JobDefinition;
export function job(
  name: string,
  optionsOrBody: JobOptions | (() => GraphResult) | GraphDefinition<Record<never, never>>,
  given?: (() => GraphResult) | GraphDefinition<Record<never, never>>,
): JobDefinition {
  const [options, body] = typeof optionsOrBody === "function" ? [{}, optionsOrBody] : [optionsOrBody, given];
  if (body === undefined) throw new TypeError(`job ${name} has no body`);
  onlyKnown(`job ${name}`, options, JOB_OPTIONS);
  if (kindOf(body) === "graph") return makeJob(name, options, { graph: (body as GraphDefinition).node });
  const { description } = options;
  const { node } = composeGraph(
    name,
    description === undefined ? {} : { description },
    body as () => GraphResult,
  );
  return makeJob(name, options, { graph: node });
}

export interface AssetJobOptions<C extends z.ZodType | undefined = z.ZodType | undefined>
  extends JobOptions<C> {
  /** Dagster's selection syntax (`"+revenue"`, `"group:raw"`, `"a or b+"`), or the assets themselves. Default: all. */
  selection?: string | AssetDefinition | readonly AssetDefinition[];
}

/**
 * Defines a job that materializes a selection of assets.
 * @example
 * const nightly = defineAssetJob("nightly", { selection: "+revenue", partitions: daily });
 */
export function defineAssetJob<C extends z.ZodType | undefined = undefined>(
  name: string,
  options: AssetJobOptions<C> = {},
): JobDefinition {
  onlyKnown(`job ${name}`, options, { ...JOB_OPTIONS, selection: true });
  const { selection = "*" } = options;
  const fixed =
    typeof selection === "string"
      ? selection
      : Array.isArray(selection)
        ? (selection as AssetDefinition[])
        : [selection as AssetDefinition];
  return makeJob(name, options as AssetJobOptions, { selection: fixed });
}
