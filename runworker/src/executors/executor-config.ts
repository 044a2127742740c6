import { availableParallelism } from "node:os";
import { InvalidInput } from "@dagster-operator/engine";
import { z } from "zod";

/**
 * `execution.config` of a run's config: at most one executor by name. Nothing said = `in_process`: steps one after the other
 * in the run worker itself, no process to start, about a millisecond a step; a step that kills its process ends the run.
 */
export const ExecutionConfig = z.strictObject({
  in_process: z.looseObject({}).optional(),
  multiprocess: z
    .strictObject({
      /** Steps at once; default (and 0): as many as the machine has cores. */
      max_concurrent: z.number().int().nonnegative().nullish(),
    })
    .optional(),
});

export type Executor = { kind: "in_process" } | { kind: "multiprocess"; maxConcurrent: number };

/** @throws InvalidInput with paths from the root of the run config */
export function chooseExecutor(runConfig: Record<string, unknown>): Executor {
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
  if (!config?.multiprocess) return { kind: "in_process" };
  if (config.in_process) {
    const message = "names two executors, in_process and multiprocess: keep one";
    throw new InvalidInput(`execution.config ${message}`, [{ path: "execution.config", message }]);
  }
  return {
    kind: "multiprocess",
    maxConcurrent: config.multiprocess.max_concurrent || availableParallelism(),
  };
}
