import type { AssetDefinition } from "./asset/asset.ts";
import { type Known, unknownOptions } from "./known-options.ts";
import type { LoggerDefinition } from "./logger/logger.ts";
import type { DefinitionsSnapshot } from "./model/definitions.ts";
import { type Executor, executionConfig } from "./op/job.ts";
import { badRunConfig, checkRepository } from "./repository/check.ts";
import { collect, type Repository } from "./repository/collect.ts";
import type { JobView } from "./repository/job-view.ts";
import { takeSnapshot } from "./repository/snapshot.ts";
import type { ResourceDefinition, ValueOf } from "./resource/resource.ts";
import { KIND, kindOf } from "./source.ts";

/** Every problem of the definitions at once; `problems` has one line for each, with its place and what to do. */
export class DefinitionsError extends Error {
  override name = "DefinitionsError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    super(`the definitions have ${count}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

type Needs<D> = D extends { readonly node?: unknown } ? NeedsOf<D> : never;
type NeedsOf<D> = D extends AssetDefinition<infer _T, infer _P, infer R> ? R : never;
type Merge<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type Provided<R> = { readonly [K in keyof R]?: ResourceDefinition<ValueOf<R[K]>> | ValueOf<R[K]> };
/** What may be provided for the resources that these assets ask for: a definition or a value of the same type. */
export type ResourcesFor<A> = A extends readonly (infer D)[] ? Provided<Merge<Needs<D>>> : unknown;

export interface DefinitionsOptions<A = unknown> {
  /** Assets, arrays of them, or modules that export them (`import * as raw from "./raw.ts"`). */
  assets?: A;
  checks?: unknown;
  jobs?: unknown;
  schedules?: unknown;
  sensors?: unknown;
  /**
   * By name, definitions or plain values. What ops and assets name by reference is known already: give here what shall stand
   * in its place, the default `ioManager`, and what `requiredResource` declares.
   */
  resources?: Readonly<Record<string, unknown>> & NoInfer<ResourcesFor<A>>;
  /** Where logs may go besides the event log, by the names that run config gives under `loggers`; `console` is there already. */
  loggers?: Readonly<Record<string, LoggerDefinition>>;
  /** Where the steps of runs without a job run when the run does not say. */
  executor?: Executor;
}

const OPTIONS: Known<DefinitionsOptions> = {
  assets: true,
  checks: true,
  jobs: true,
  schedules: true,
  sensors: true,
  resources: true,
  loggers: true,
  executor: true,
};

/** Not for users: what the rest of the package reads of definitions made by any copy of it. */
export interface Internals {
  repository: Repository;
  snapshot: DefinitionsSnapshot;
  jobs: ReadonlyMap<string, JobView>;
}
const INTERNALS: unique symbol = Symbol.for("@dagster-operator/sdk/internals") as never;

/**
 * Everything that one code location holds: the default export of its file. One per location.
 * @throws DefinitionsError with every problem: names used twice, cycles, unknown assets, jobs and resources
 */
export class Definitions<A = unknown> {
  readonly [KIND] = "definitions" as const;
  readonly [INTERNALS]: Internals;

  constructor(options: DefinitionsOptions<A> = {}) {
    const { assets = [], checks = [], jobs = [], schedules = [], sensors = [], resources = {} } = options;
    const { loggers = {} } = options;
    const { repository, problems } = collect({
      assets,
      checks,
      jobs,
      schedules,
      sensors,
      resources,
      loggers,
    });
    const unknown = unknownOptions("Definitions", options, OPTIONS);
    if (unknown !== "") problems.unshift(unknown);
    problems.push(...checkRepository(repository));
    const taken = takeSnapshot(repository, executionConfig(options.executor), problems);
    problems.push(...badRunConfig(repository, taken.jobs));
    if (problems.length > 0) throw new DefinitionsError(problems);
    this[INTERNALS] = { repository, ...taken };
  }

  /** The same object each time. */
  snapshot(): DefinitionsSnapshot {
    return this[INTERNALS].snapshot;
  }
}

/** Is this a Definitions object, of this or another copy of the package? */
export const isDefinitions = (value: unknown): value is Definitions => kindOf(value) === "definitions";

export const internalsOf = (definitions: Definitions): Internals => definitions[INTERNALS];
