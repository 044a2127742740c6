/** Run config: what a client sends, and what is wrong with it. */
import { InvalidInput, type Issue, Unavailable, UserCodeError } from "@dagster-operator/engine";
import { parse, YAMLParseError } from "yaml";
import type { JobModel } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import { EvaluationErrorReason } from "./enums.ts";
import {
  type JobSelector,
  jobNotFound,
  ModeNotFoundError,
  PipelineNotFoundError,
  PythonError,
  pythonError,
} from "./errors.ts";
import { PipelineSelector } from "./inputs.ts";
import { findLocation } from "./location.ts";
import { ExecutionPlan, planOf } from "./plan.ts";
import { defaultRunConfigYaml } from "./run.ts";

/** An object as it is; a text as YAML, of which JSON is a part. @throws InvalidInput */
export function parseRunConfig(data: unknown): Record<string, unknown> {
  if (data === null || data === undefined || data === "") return {};
  let value: unknown = data;
  if (typeof data === "string")
    try {
      value = parse(data);
    } catch (error) {
      if (!(error instanceof YAMLParseError)) throw error;
      throw new InvalidInput("run config is not valid YAML", [{ path: "", message: error.message }]);
    }
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value))
    throw new InvalidInput("run config must be a mapping", [
      { path: "", message: "run config must be a mapping at its top" },
    ]);
  return value as Record<string, unknown>;
}

type Reason = typeof EvaluationErrorReason.$inferType;
const reasonOf = ({ message }: Issue): Reason =>
  /unrecognized|unknown|not defined|unexpected key/i.test(message)
    ? "FIELD_NOT_DEFINED"
    : /required|missing|received undefined/i.test(message)
      ? "MISSING_REQUIRED_FIELD"
      : "RUNTIME_TYPE_MISMATCH";
const parts = ({ path }: Issue): string[] => (path ? path.split(".") : []);

type Entry =
  | { __typename: "EvaluationStackPathEntry"; fieldName: string }
  | { __typename: "EvaluationStackListItemEntry"; listIndex: number };
const PathEntry = builder
  .objectRef<Extract<Entry, { fieldName: string }>>("EvaluationStackPathEntry")
  .implement({ fields: (t) => ({ fieldName: t.exposeString("fieldName") }) });
const ListItemEntry = builder
  .objectRef<Extract<Entry, { listIndex: number }>>("EvaluationStackListItemEntry")
  .implement({ fields: (t) => ({ listIndex: t.exposeInt("listIndex") }) });
const EvaluationStackEntry = builder.unionType("EvaluationStackEntry", {
  types: [PathEntry, ListItemEntry],
  resolveType: byTypename,
});
const entryOf = (part: string): Entry =>
  /^\d+$/.test(part)
    ? { __typename: "EvaluationStackListItemEntry", listIndex: Number(part) }
    : { __typename: "EvaluationStackPathEntry", fieldName: part };
const EvaluationStack = builder.objectRef<Issue>("EvaluationStack").implement({
  fields: (t) => ({
    entries: t.field({ type: [EvaluationStackEntry], resolve: (issue) => parts(issue).map(entryOf) }),
  }),
});

const ERROR_TYPENAME: Record<Reason, string> = {
  RUNTIME_TYPE_MISMATCH: "RuntimeMismatchConfigError",
  MISSING_REQUIRED_FIELD: "MissingFieldConfigError",
  MISSING_REQUIRED_FIELDS: "MissingFieldConfigError",
  FIELD_NOT_DEFINED: "FieldNotDefinedConfigError",
  FIELDS_NOT_DEFINED: "FieldNotDefinedConfigError",
  SELECTOR_FIELD_ERROR: "RuntimeMismatchConfigError",
};
const PipelineConfigValidationError = builder.interfaceRef<Issue>("PipelineConfigValidationError").implement({
  resolveType: (issue) => ERROR_TYPENAME[reasonOf(issue)],
  fields: (t) => ({
    message: t.exposeString("message"),
    path: t.stringList({ resolve: parts }),
    stack: t.field({ type: EvaluationStack, resolve: (issue) => issue }),
    reason: t.field({ type: EvaluationErrorReason, resolve: reasonOf }),
  }),
});
builder.objectRef<Issue>("RuntimeMismatchConfigError").implement({
  interfaces: [PipelineConfigValidationError],
  fields: (t) => ({ valueRep: t.string({ nullable: true, resolve: () => null }) }),
});
builder
  .objectRef<Issue>("MissingFieldConfigError")
  .implement({ interfaces: [PipelineConfigValidationError], fields: () => ({}) });
builder.objectRef<Issue>("FieldNotDefinedConfigError").implement({
  interfaces: [PipelineConfigValidationError],
  fields: (t) => ({ fieldName: t.string({ resolve: (issue) => parts(issue).at(-1) ?? "" }) }),
});

export interface Invalid {
  __typename: "RunConfigValidationInvalid";
  pipelineName: string;
  errors: Issue[];
}
const PipelineConfigValidationInvalid = builder
  .interfaceRef<Invalid>("PipelineConfigValidationInvalid")
  .implement({
    resolveType: byTypename,
    fields: (t) => ({
      pipelineName: t.exposeString("pipelineName"),
      errors: t.expose("errors", { type: [PipelineConfigValidationError] }),
    }),
  });
export const RunConfigValidationInvalid = builder
  .objectRef<Invalid>("RunConfigValidationInvalid")
  .implement({ interfaces: [PipelineConfigValidationInvalid], fields: () => ({}) });
export const invalidConfig = (pipelineName: string, error: InvalidInput): Invalid => ({
  __typename: "RunConfigValidationInvalid",
  pipelineName,
  errors: error.issues.length > 0 ? error.issues : [{ path: "", message: error.message }],
});
const PipelineConfigValidationValid = builder
  .objectRef<{ __typename: "PipelineConfigValidationValid"; pipelineName: string }>(
    "PipelineConfigValidationValid",
  )
  .implement({ fields: (t) => ({ pipelineName: t.exposeString("pipelineName") }) });
const PipelineConfigValidationResult = builder.unionType("PipelineConfigValidationResult", {
  types: [PipelineConfigValidationValid, RunConfigValidationInvalid, PipelineNotFoundError, PythonError],
  resolveType: byTypename,
});
const ExecutionPlanOrError = builder.unionType("ExecutionPlanOrError", {
  types: [ExecutionPlan, RunConfigValidationInvalid, PipelineNotFoundError, PythonError],
  resolveType: byTypename,
});
const RunConfigSchema = builder
  .objectRef<Pick<JobModel, "def"> & { __typename: "RunConfigSchema" }>("RunConfigSchema")
  .implement({
    fields: (t) => ({
      rootDefaultYaml: t.string({ resolve: ({ def }) => defaultRunConfigYaml(def) }),
      jsonSchema: t.string({
        description: "JSON Schema (draft 2020-12) of the whole run config, as text.",
        resolve: ({ def }) => JSON.stringify(def.runConfigSchema),
      }),
    }),
  });
const RunConfigSchemaOrError = builder.unionType("RunConfigSchemaOrError", {
  types: [RunConfigSchema, PipelineNotFoundError, ModeNotFoundError, PythonError],
  resolveType: byTypename,
});

export const findJob = (ctx: Parameters<typeof findLocation>[0], selector: JobSelector): JobModel | null =>
  findLocation(ctx, selector)?.jobs.get(selector.pipelineName) ?? null;

builder.queryFields((t) => ({
  isPipelineConfigValid: t.field({
    type: PipelineConfigValidationResult,
    args: {
      pipeline: t.arg({ type: PipelineSelector, required: true }),
      mode: t.arg.string({ required: true }),
      runConfigData: t.arg({ type: "RunConfigData" }),
    },
    resolve: async (_root, { pipeline, runConfigData }, ctx) => {
      const { pipelineName, repositoryLocationName } = pipeline;
      if (!findJob(ctx, pipeline)) return jobNotFound(pipeline);
      try {
        const code = ctx.workspace.get(repositoryLocationName)?.code;
        if (!code)
          throw new Unavailable(
            `Code location ${repositoryLocationName} is not running: reload it and try again.`,
          );
        const issues = await code.validateRunConfig(pipelineName, parseRunConfig(runConfigData));
        if (issues.length === 0)
          return { __typename: "PipelineConfigValidationValid" as const, pipelineName };
        return { __typename: "RunConfigValidationInvalid" as const, pipelineName, errors: issues };
      } catch (error) {
        if (error instanceof InvalidInput) return invalidConfig(pipelineName, error);
        if (error instanceof UserCodeError) return pythonError(error.error);
        if (error instanceof Unavailable) return pythonError(error);
        throw error;
      }
    },
  }),
  runConfigSchemaOrError: t.field({
    type: RunConfigSchemaOrError,
    args: { selector: t.arg({ type: PipelineSelector, required: true }), mode: t.arg.string() },
    resolve: (_root, { selector }, ctx) => {
      const job = findJob(ctx, selector);
      return job ? { def: job.def, __typename: "RunConfigSchema" as const } : jobNotFound(selector);
    },
  }),
  executionPlanOrError: t.field({
    type: ExecutionPlanOrError,
    args: {
      pipeline: t.arg({ type: PipelineSelector, required: true }),
      mode: t.arg.string({ required: true }),
      runConfigData: t.arg({ type: "RunConfigData" }),
    },
    resolve: (_root, { pipeline }, ctx) => {
      const job = findJob(ctx, pipeline);
      if (!job) return jobNotFound(pipeline);
      const plan = planOf(job.location, {
        job: pipeline.pipelineName,
        assets: pipeline.assetSelection?.map(({ path }) => path),
        checks: pipeline.assetCheckSelection?.map(({ assetKey, name }) => ({ asset: assetKey.path, name })),
        steps: pipeline.solidSelection ?? undefined,
      });
      return (
        plan ??
        pythonError({
          name: "PlanError",
          message: `This selection of job ${pipeline.pipelineName} cannot be planned.`,
        })
      );
    },
  }),
}));
