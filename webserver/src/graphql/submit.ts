/** What every mutation that submits runs or backfills shares. */
import type { SubmitDeps } from "@dagster-operator/engine";
import { RunConfigValidationInvalid } from "./config.ts";
import type { Context } from "./context.ts";
import {
  ConflictingExecutionParamsError,
  InvalidOutputError,
  InvalidStepError,
  NoModeProvidedError,
  PipelineNotFoundError,
  PresetNotFoundError,
  PythonError,
  RunConflict,
  UnauthorizedError,
} from "./errors.ts";

/** Dagster's types for why nothing was submitted. */
export const REFUSALS = [
  InvalidStepError,
  InvalidOutputError,
  RunConfigValidationInvalid,
  PipelineNotFoundError,
  RunConflict,
  UnauthorizedError,
  PythonError,
  PresetNotFoundError,
  ConflictingExecutionParamsError,
  NoModeProvidedError,
] as const;

export const submitDeps = (ctx: Context): SubmitDeps => ({
  storage: ctx.storage,
  workspace: ctx.workspace,
  now: () => ctx.clock.now(),
  newId: () => crypto.randomUUID(),
});

export const tagsOf = (
  tags: readonly { key: string; value: string }[] | null | undefined,
): Record<string, string> => Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value]));
