/** Columns of table `run` r as a RunRecord. */
export const RUN_RECORD = `
  r.id as "runId", r.location, r.job, r.assets, r.checks, r.steps, r.run_config as "runConfig", r.tags, r.partition,
  r.parent_run_id as "parentRunId", r.root_run_id as "rootRunId", r.known, r.code_version as "codeVersion",
  r.idempotency_key as "idempotencyKey", r.status, r.priority, r.attempt, r.created_at as "createdAt",
  r.started_at as "startedAt", r.ended_at as "endedAt", r.updated_at as "updatedAt", r.error,
  r.steps_total as "stepsTotal", r.steps_done as "stepsDone", r.planned_assets as "plannedAssets", r.pools`;
