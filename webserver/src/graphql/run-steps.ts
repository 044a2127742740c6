import type { StepRecord } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { StepEventStatus } from "./enums.ts";
import { PythonError, RunNotFoundError, runNotFound } from "./errors.ts";
import { type EventModel, MaterializationEvent, Run, runModel } from "./refs.ts";
import { seconds } from "./time.ts";

export const RunOrError = builder.unionType("RunOrError", {
  types: [Run, RunNotFoundError, PythonError],
  resolveType: byTypename,
});
export async function runOrError(ctx: Context, runId: string) {
  const run = runId ? await ctx.runs.get(runId) : null;
  return run ? runModel(run) : runNotFound(runId);
}

export interface StepStatsModel {
  __typename: "RunStepStats";
  runId: string;
  stepKey: string;
  step: StepRecord | null;
}
export const stepStats = (runId: string, stepKey: string, steps: StepRecord[]): StepStatsModel => ({
  __typename: "RunStepStats",
  runId,
  stepKey,
  step: steps.find((step) => step.stepKey === stepKey) ?? null,
});

const RunMarker = builder
  .objectRef<{ startTime: number | null; endTime: number | null }>("RunMarker")
  .implement({
    fields: (t) => ({
      startTime: t.exposeFloat("startTime", { nullable: true }),
      endTime: t.exposeFloat("endTime", { nullable: true }),
    }),
  });
type Status = "SKIPPED" | "SUCCESS" | "FAILURE" | "IN_PROGRESS";
/** Dagster knows four; a step that waits for its retry is under way, a canceled one did not succeed. */
const statusOf = (step: StepRecord): Status =>
  step.status === "UP_FOR_RETRY" ? "IN_PROGRESS" : step.status === "CANCELED" ? "FAILURE" : step.status;

const PipelineRunStepStats = builder.interfaceRef<StepStatsModel>("PipelineRunStepStats").implement({
  resolveType: byTypename,
  fields: (t) => ({
    runId: t.exposeString("runId"),
    stepKey: t.exposeString("stepKey"),
    status: t.field({
      type: StepEventStatus,
      nullable: true,
      resolve: ({ step }) => (step ? statusOf(step) : null),
    }),
    startTime: t.float({ nullable: true, resolve: ({ step }) => seconds(step?.startedAt) }),
    endTime: t.float({ nullable: true, resolve: ({ step }) => seconds(step?.endedAt) }),
    materializations: t.field({
      type: [MaterializationEvent],
      resolve: ({ runId, stepKey }, _args, ctx): Promise<EventModel[]> =>
        ctx.storage.events.list(runId, { stepKey, types: ["ASSET_MATERIALIZATION"], limit: 1000 }),
    }),
  }),
});
export const RunStepStats = builder.objectRef<StepStatsModel>("RunStepStats").implement({
  interfaces: [PipelineRunStepStats],
  fields: (t) => ({
    attempts: t.field({
      type: [RunMarker],
      resolve: ({ step }) =>
        step ? [{ startTime: seconds(step.startedAt), endTime: seconds(step.endedAt) }] : [],
    }),
    markers: t.field({ type: [RunMarker], resolve: () => [] }),
    attemptCount: t.int({
      description: "How often it was started.",
      resolve: ({ step }) => step?.attempts ?? 0,
    }),
    error: t.field({
      type: PythonError,
      nullable: true,
      description: "Why the last attempt failed.",
      resolve: ({ step }) =>
        step?.error
          ? { __typename: "PythonError" as const, message: step.error.message, error: step.error }
          : null,
    }),
  }),
});
