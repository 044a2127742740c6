/** Columns of table `backfill` b as a BackfillRecord. */
export const BACKFILL_RECORD = `
  b.id as "backfillId", b.location, b.job, b.status, b.paused, b.assets, b.num_partitions as "numPartitions", b.counts,
  b.from_failure as "fromFailure", b.steps, b.run_config as "runConfig", b.tags, b.title, b.description,
  b.parent_id as "parentId", b.idempotency_key as "idempotencyKey", b.created_at as "createdAt",
  b.updated_at as "updatedAt", b.ended_at as "endedAt", b.error`;

/** The same with what a BackfillDetail adds. */
export const BACKFILL_DETAIL = `${BACKFILL_RECORD}, b.targets, b.states`;
