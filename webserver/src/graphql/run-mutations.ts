import { Conflict, isEnded, NotFound } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { TerminateRunPolicy } from "./enums.ts";
import { PythonError, pythonError, RunNotFoundError, runNotFound, UnauthorizedError } from "./errors.ts";
import { Run, type RunModel, runModel } from "./refs.ts";

interface Terminated {
  __typename: "TerminateRunSuccess";
  run: RunModel;
}
interface NotTerminated {
  __typename: "TerminateRunFailure";
  run: RunModel;
  message: string;
}
const TerminatePipelineExecutionSuccess = builder
  .interfaceRef<Terminated>("TerminatePipelineExecutionSuccess")
  .implement({ resolveType: byTypename, fields: (t) => ({ run: t.expose("run", { type: Run }) }) });
const TerminateRunSuccess = builder
  .objectRef<Terminated>("TerminateRunSuccess")
  .implement({ interfaces: [TerminatePipelineExecutionSuccess], fields: () => ({}) });
const TerminatePipelineExecutionFailure = builder
  .interfaceRef<NotTerminated>("TerminatePipelineExecutionFailure")
  .implement({
    resolveType: byTypename,
    fields: (t) => ({ run: t.expose("run", { type: Run }), message: t.exposeString("message") }),
  });
const TerminateRunFailure = builder
  .objectRef<NotTerminated>("TerminateRunFailure")
  .implement({ interfaces: [TerminatePipelineExecutionFailure], fields: () => ({}) });
const TerminateRunResult = builder.unionType("TerminateRunResult", {
  types: [TerminateRunSuccess, TerminateRunFailure, RunNotFoundError, UnauthorizedError, PythonError],
  resolveType: byTypename,
});
type TerminateResult = typeof TerminateRunResult.$inferType;
const TerminateRunsResult = builder
  .objectRef<{ __typename: "TerminateRunsResult"; results: TerminateResult[] }>("TerminateRunsResult")
  .implement({
    fields: (t) => ({ terminateRunResults: t.expose("results", { type: [TerminateRunResult] }) }),
  });
const TerminateRunsResultOrError = builder.unionType("TerminateRunsResultOrError", {
  types: [TerminateRunsResult, PythonError],
  resolveType: byTypename,
});
const DeletePipelineRunSuccess = builder
  .objectRef<{ __typename: "DeletePipelineRunSuccess"; runId: string }>("DeletePipelineRunSuccess")
  .implement({ fields: (t) => ({ runId: t.exposeString("runId") }) });
const DeletePipelineRunResult = builder.unionType("DeletePipelineRunResult", {
  types: [DeletePipelineRunSuccess, UnauthorizedError, PythonError, RunNotFoundError],
  resolveType: byTypename,
});

type Policy = typeof TerminateRunPolicy.$inferType;
async function terminate(
  ctx: Context,
  runId: string,
  policy: Policy | null | undefined,
): Promise<TerminateResult> {
  const before = await ctx.storage.runs.get(runId);
  if (!before) return runNotFound(runId);
  if (isEnded(before.status))
    return {
      __typename: "TerminateRunFailure",
      run: runModel(before),
      message: `Run ${runId} cannot be terminated: it has already ended (${before.status}).`,
    };
  await ctx.storage.runs.cancel(runId, { force: policy === "MARK_AS_CANCELED_IMMEDIATELY" });
  ctx.log.info({ runId, policy: policy ?? "SAFE_TERMINATE" }, "run termination requested");
  const after = await ctx.storage.runs.get(runId);
  return { __typename: "TerminateRunSuccess", run: runModel(after ?? before) };
}
async function remove(ctx: Context, runId: string) {
  try {
    await ctx.storage.runs.delete(runId);
    await ctx.computeLog.delete(runId);
    ctx.log.info({ runId }, "run deleted");
    return { __typename: "DeletePipelineRunSuccess" as const, runId };
  } catch (error) {
    if (error instanceof NotFound) return runNotFound(runId);
    if (error instanceof Conflict) return pythonError(error);
    throw error;
  }
}

builder.mutationFields((t) => {
  const terminateField = () =>
    t.field({
      type: TerminateRunResult,
      args: { runId: t.arg.string({ required: true }), terminatePolicy: t.arg({ type: TerminateRunPolicy }) },
      resolve: (_root, { runId, terminatePolicy }, ctx) => terminate(ctx, runId, terminatePolicy),
    });
  const deleteField = () =>
    t.field({
      type: DeletePipelineRunResult,
      args: { runId: t.arg.string({ required: true }) },
      resolve: (_root, { runId }, ctx) => remove(ctx, runId),
    });
  return {
    terminateRun: terminateField(),
    terminatePipelineExecution: terminateField(),
    terminateRuns: t.field({
      type: TerminateRunsResultOrError,
      args: {
        runIds: t.arg.stringList({ required: true }),
        terminatePolicy: t.arg({ type: TerminateRunPolicy }),
      },
      resolve: async (_root, { runIds, terminatePolicy }, ctx) => ({
        __typename: "TerminateRunsResult" as const,
        results: await Promise.all(runIds.map((runId) => terminate(ctx, runId, terminatePolicy))),
      }),
    }),
    deleteRun: deleteField(),
    deletePipelineRun: deleteField(),
  };
});
