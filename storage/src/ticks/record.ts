/** Columns of table `tick` t as a Tick. */
export const TICK = `
  t.id, t.kind, t.location, t.name, t.status, t.at, t.started_at as "startedAt", t.ended_at as "endedAt",
  t.run_ids as "runIds", t.skip_reason as "skipReason", t.error, t.cursor, t.logs,
  t.origin_run_ids as "originRunIds", t.dynamic_partitions as "dynamicPartitions"`;
