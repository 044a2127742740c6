/** Calls the hooks of a step that has ended for good. What a hook does changes nothing of how the step ended. */

import type { FailureHookContext, HookContext } from "../op/hook.ts";
import type { StepScope } from "./step-scope.ts";
import { errorInfo } from "./user-errors.ts";

/** @param failure absent when the step succeeded */
export async function runHooks(scope: StepScope, failure?: { error: unknown }): Promise<void> {
  const { request, step, run, log, signal, emit, now } = scope;
  const { stepKey } = request;
  for (const name of step.hooks ?? []) {
    const hook = run.repository.hooks.get(name);
    if (hook?.on !== (failure ? "failure" : "success")) continue;
    const needed = Object.keys(hook.resources);
    try {
      await run.resources.open(needed, stepKey, emit);
      const { runId, job, tags, runConfig, parentRunId, rootRunId } = request.run;
      const context: HookContext = {
        hookName: name,
        run: { runId, job, tags, runConfig, parentRunId, rootRunId },
        stepKey,
        opName: step.op.name,
        retryNumber: request.stepAttempt - 1,
        resources: run.resources.values(needed),
        log,
        signal,
      };
      const given: HookContext | FailureHookContext = failure
        ? { ...context, error: failure.error, errorInfo: errorInfo(failure.error) }
        : context;
      await hook.run(given as never);
      emit({
        type: "HOOK_COMPLETED",
        ts: now(),
        level: "DEBUG",
        message: `Hook ${name} of step ${stepKey} is done.`,
        stepKey,
        hook: name,
      });
    } catch (error) {
      const info = errorInfo(error);
      emit({
        type: "HOOK_ERRORED",
        ts: now(),
        level: "ERROR",
        message: `Hook ${name} of step ${stepKey} failed: ${info.message}`,
        stepKey,
        hook: name,
        error: info,
      });
    }
  }
}
