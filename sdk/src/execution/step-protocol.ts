/** What a step worker is told and what it answers: the same for in-process, a forked worker and a pod. */
import { z } from "zod";
import { ErrorInfo, type RunEvent } from "../model/event.ts";

/** Everything of a run that its steps need. JSON, so it can cross a process or a network. */
export const RunContext = z.object({
  runId: z.string(),
  job: z.string(),
  location: z.string(),
  /** Selected assets (path form), or null for a job of ops. */
  assets: z.array(z.array(z.string())).nullable(),
  checks: z.array(z.object({ asset: z.array(z.string()), name: z.string() })).nullable(),
  steps: z.array(z.string()).nullable(),
  runConfig: z.record(z.string(), z.unknown()),
  tags: z.record(z.string(), z.string()),
  /** One key, or the two ends of a range (inclusive), or none. */
  partition: z
    .union([z.object({ key: z.string() }), z.object({ start: z.string(), end: z.string() })])
    .nullable(),
  parentRunId: z.string().nullable(),
  rootRunId: z.string().nullable(),
  /** What the parent runs and earlier attempts already know: which run stored each step's outputs, and mapping keys. */
  known: z.object({
    /** `step key → run id` whose stored outputs are to be read, for steps that this run does not execute. */
    outputsFrom: z.record(z.string(), z.string()),
    /** `step key → output → mapping keys` of dynamic outputs made before. */
    mappingKeys: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
    /** `step key → outputs` that those steps did not yield, so that a fan-in leaves them out. */
    notYielded: z.record(z.string(), z.array(z.string())).optional(),
  }),
  /** 1 for the first worker of this run; the run API refuses a lower one than the highest it has seen. */
  attempt: z.number().int().positive(),
});
export type RunContext = z.infer<typeof RunContext>;

export const StepRequest = z.object({
  run: RunContext,
  stepKey: z.string(),
  /** 1 for the first try; +1 for each retry. */
  stepAttempt: z.number().int().positive(),
  /** Mapping keys known so far (dynamic outputs of finished steps). */
  mappingKeys: RunContext.shape.known.shape.mappingKeys,
  /** Outputs that finished steps did not yield (`step` → names), so that a fan-in leaves them out. */
  notYielded: z.record(z.string(), z.array(z.string())),
});
export type StepRequest = z.infer<typeof StepRequest>;

export const StepResult = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("success"),
    durationMs: z.number(),
    /** Names of outputs yielded; for a dynamic one its mapping keys. */
    outputs: z.array(z.object({ name: z.string(), mappingKeys: z.array(z.string()).optional() })),
    /** Blocking checks that failed: what is downstream of these assets is skipped and the run fails. */
    blockedAssets: z.array(z.array(z.string())),
  }),
  /** `retryable: false` = a retry policy must not apply (the user said so, or the step's process cannot be trusted). */
  z.object({ kind: z.literal("failure"), error: ErrorInfo, retryable: z.boolean() }),
  /** The user threw RetryRequested. */
  z.object({
    kind: z.literal("retry"),
    error: ErrorInfo,
    seconds: z.number().nonnegative(),
    maxRetries: z.number().int(),
  }),
  z.object({ kind: z.literal("canceled") }),
]);
export type StepResult = z.infer<typeof StepResult>;

/** Events that a step emits while it runs, in order. */
export type EmitEvent = (event: RunEvent) => void;
