import { Definitions, internalsOf, isDefinitions } from "../definitions.ts";
import type { GraphDefinition } from "../op/graph.ts";
import { job as defineJob, type JobDefinition } from "../op/job.ts";
import { DEFAULT_IO_MANAGER, givenResources } from "../repository/collect.ts";
import { inMemory } from "../resource/in-memory-io-manager.ts";
import { kindOf } from "../source.ts";
import { type RunInProcessOptions, type RunResult, runInProcess } from "./run-in-process.ts";

export interface ExecuteOptions extends RunInProcessOptions {
  /** By name, definitions or plain values; the default `ioManager` keeps values in memory. */
  resources?: Readonly<Record<string, unknown>>;
  /** Assets that the job materializes or reads, or a whole Definitions. */
  assets?: unknown;
  /** Step keys: only these run. */
  steps?: string[];
}

export interface ExecuteResult extends RunResult {
  /** What a step returned: by step key (`node`, `graph.node`, `node[key]`) and output (default `result`). */
  outputOf(step: string, output?: string): unknown;
}

/**
 * Runs a job in this process, for unit tests: no server, values in memory. A graph without inputs runs as a job of its name.
 * @throws the user's own error of the first step that fails, unless `raise: false`
 */
export async function executeInProcess(
  what: JobDefinition | GraphDefinition<Record<never, never>>,
  options: ExecuteOptions = {},
): Promise<ExecuteResult> {
  const { resources = {}, assets = [], steps, ...runOptions } = options;
  const job =
    kindOf(what) === "job"
      ? (what as JobDefinition)
      : defineJob(`${(what as GraphDefinition).node.name}`, what as GraphDefinition<Record<never, never>>);
  const base = isDefinitions(assets) ? internalsOf(assets).repository : undefined;
  const definitions = new Definitions({
    assets: base === undefined ? assets : [...base.assets.values()],
    checks: base === undefined ? [] : [...base.checks.values()],
    jobs: [job],
    ...(base && { loggers: Object.fromEntries(base.loggers) }),
    resources: {
      [DEFAULT_IO_MANAGER]: inMemory(),
      ...(base && givenResources(base)),
      ...resources,
    },
  });
  const def = internalsOf(definitions).jobs.get(job.name)?.def;
  const selected = def?.target.kind === "assets" ? def.target.assets : null;
  const result = await runInProcess(
    definitions,
    { job: job.name, assets: selected, checks: null, steps: steps ?? null },
    runOptions,
  );
  return {
    ...result,
    outputOf: (step, output = "result") => {
      const key = /^(.*)\[([^\]]*)\]$/s.exec(step);
      const found = result.stored.findLast(
        ({ address }) =>
          address.outputName === output &&
          ((address.stepKey === step && address.mappingKey === undefined) ||
            (key !== null && address.stepKey === key[1] && address.mappingKey === key[2])),
      );
      if (found === undefined)
        throw new Error(`step ${step} returned no value for output ${output} in this run`);
      return found.value;
    },
  };
}
