/**
 * The run API: the only thing that a user's pod or process may talk to, with a token that is good for one run.
 * Served by the webserver under `/run-api/v1`, spoken by the run worker and by the Python bridge.
 *
 *   GET  /runs/:runId                         → RunContext (token) ; 401 bad token, 409 fenced, 410 run has ended
 *   POST /runs/:runId/events                  PostEvents → PostEventsReply ; 409 fenced or gap in seq
 *   POST /runs/:runId/logs/:logKey/:stream?offset=N   raw bytes → 204 (`:stream` out|err)
 *   GET  /runs/:runId/control?wait=SECONDS    → Control; answers early when it changes (long poll, ≤ 30 s)
 *   GET  /runs/:runId/assets/:key/latest?partition=K  → {event: ASSET_MATERIALIZATION | null} (key: path parts joined by `/`, each URI-encoded)
 *   GET  /runs/:runId/dynamic-partitions/:name → {keys: string[]}
 *   POST /runs/:runId/dynamic-partitions/:name {add: string[], delete: string[]} → 204
 *
 *   POST /runs/:runId/slots                   PostSlots → HeldSlots: slots of concurrency pools, for steps that could start;
 *                                             answers early when one of them is held (long poll, ≤ 30 s); freed by the step's end
 *
 *   POST /runs/:runId/steps                   PostStep → 204: this step shall run in a pod of its own
 *   GET  /runs/:runId/steps/:stepKey/:stepAttempt → StepRequest, for the step's worker
 *   GET  /runs/:runId/steps/:stepKey/:stepAttempt/result?wait=SECONDS → StepState; answers early when it ends (long poll, ≤ 30 s)
 *   POST /runs/:runId/steps/:stepKey/:stepAttempt/result  StepResult → 204; the first result counts
 *
 * `Authorization: Bearer <token>`; a token names its run and its attempt. Errors: `{error: string}`.
 */
import { RunEvent, RunStatus, StepRequest, StepResult } from "@dagster-operator/sdk/internal";
import { z } from "zod";

export const PostEvents = z.object({
  producer: z.string().min(1),
  events: z.array(z.object({ seq: z.number().int().positive(), event: RunEvent })).max(1000),
});
export type PostEvents = z.infer<typeof PostEvents>;

export const Control = z.object({
  status: RunStatus,
  /** True once somebody asked to cancel: stop steps, report RUN_CANCELED, exit. */
  cancel: z.boolean(),
});
export type Control = z.infer<typeof Control>;

export const PostEventsReply = Control.extend({ acceptedThrough: z.number().int().nonnegative() });
export type PostEventsReply = z.infer<typeof PostEventsReply>;

export const PostStep = z.object({
  request: StepRequest,
  op: z.string(),
  tags: z.record(z.string(), z.string()),
});
export type PostStep = z.infer<typeof PostStep>;

export const PostSlots = z.object({
  slots: z
    .array(
      z.object({ stepKey: z.string().min(1), pool: z.string().min(1).max(500), priority: z.number().int() }),
    )
    .min(1)
    .max(10_000),
  /** Seconds to wait for the first one; 0 = answer at once. */
  wait: z.number().min(0).max(30).default(0),
});
export type PostSlots = z.infer<typeof PostSlots>;

/** Keys of those steps that hold their slot. */
export const HeldSlots = z.object({ held: z.array(z.string()) });
export type HeldSlots = z.infer<typeof HeldSlots>;

/** `result` null: it has not ended. */
export const StepState = z.object({ result: StepResult.nullable() });
export type StepState = z.infer<typeof StepState>;

/** Environment of a run worker. Nothing else is needed, and no database password is among it. */
export const WORKER_ENV = {
  url: "DAGSTER_OPERATOR_RUN_API_URL",
  token: "DAGSTER_OPERATOR_RUN_TOKEN",
  runId: "DAGSTER_OPERATOR_RUN_ID",
  attempt: "DAGSTER_OPERATOR_RUN_ATTEMPT",
  /** Folder where the default IO manager keeps values; shared by the runs of one installation. */
  artifacts: "DAGSTER_OPERATOR_ARTIFACTS",
  /** Folder for events not yet accepted. */
  spool: "DAGSTER_OPERATOR_SPOOL",
  /** JSON: the code to load, `{"file": "definitions.ts"}` or `{"module": "…", "attribute": "…"}`. */
  definitions: "DAGSTER_OPERATOR_DEFINITIONS",
  /** `1`: steps may run in pods of their own, as the executor `k8s_job` wants. */
  stepJobs: "DAGSTER_OPERATOR_STEP_JOBS",
  /** Set for the worker of one step: its key and attempt. */
  stepKey: "DAGSTER_OPERATOR_STEP_KEY",
  stepAttempt: "DAGSTER_OPERATOR_STEP_ATTEMPT",
  /** `cancel` (default): SIGTERM cancels the run. `ask`: it may also be an eviction, so the run API is asked which it is. */
  onTerm: "DAGSTER_OPERATOR_ON_SIGTERM",
} as const;
