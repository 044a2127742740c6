import { availableParallelism } from "node:os";
import { InvalidInput } from "@dagster-operator/engine";
import { z } from "zod";

/**
 * `execution.config` of a run's config: at most one executor by name. Nothing said = `in_process`: steps one after the other
 * in the run worker itself, no process to start, about a millisecond a step; a step that kills its process ends the run.
 */
const ExecutionConfig = z.strictObject({
  in_process: z.looseObject({}).optional(),
  multiprocess: z
    .strictObject({
      /** Steps at once; default (and 0): as many as the machine has cores. */
      max_concurrent: z.number().int().nonnegative().nullish(),
    })
    .optional(),
  /** Each step in a pod of its own; where there are no pods, in a process of its own. Other fields: dagster-k8s' own. */
  k8s_job: z
    .looseObject({
      /** Steps at once; default: no limit. */
      max_concurrent: z.number().int().positive().nullish(),
    })
    .optional(),
});

export type Executor =
  | { kind: "in_process" }
  | { kind: "multiprocess"; maxConcurrent: number }
  | { kind: "k8s_job"; maxConcurrent: number };

/** @throws InvalidInput with paths from the root of the run config */
export function chooseExecutor(runConfig: Record<string, unknown>, stepJobs = false): Executor {
  const execution = z
    .looseObject({ config: ExecutionConfig.nullish() })
    .nullish()
    .safeParse(runConfig.execution);
  if (!execution.success) {
    const issues = execution.error.issues.map(({ path, message }) => ({
      path: ["execution", ...path].join("."),
      message,
    }));
    throw new InvalidInput(
      `the execution block of the run config is wrong: ${issues.map((i) => `${i.path}: ${i.message}`).join("; ")}`,
      issues,
    );
  }
  const config = execution.data?.config;
  const named = (["in_process", "multiprocess", "k8s_job"] as const).filter((name) => config?.[name]);
  if (named.length > 1) {
    const message = `names two executors, ${named.join(" and ")}: keep one`;
    throw new InvalidInput(`execution.config ${message}`, [{ path: "execution.config", message }]);
  }
  const limit = config?.k8s_job?.max_concurrent;
  if (config?.k8s_job && stepJobs)
    return { kind: "k8s_job", maxConcurrent: limit ?? Number.MAX_SAFE_INTEGER };
  if (config?.k8s_job) return { kind: "multiprocess", maxConcurrent: limit ?? availableParallelism() };
  if (!config?.multiprocess) return { kind: "in_process" };
  return {
    kind: "multiprocess",
    maxConcurrent: config.multiprocess.max_concurrent || availableParallelism(),
  };
}
