import type { ComputeRequest } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, NOW } from "../database/database.ts";

/** A `launch` is only for a run that has not ended and is not being cancelled; others are dropped here, unstarted. */
const CLAIM = `
  with dropped as (
    delete from compute_request c using run r
    where r.no = c.run_no and c.kind = 'launch' and r.status in ('SUCCESS', 'FAILURE', 'CANCELED', 'CANCELING')
      and c.available_at <= ${NOW}
    returning c.id
  ), picked as materialized (
    select id from compute_request
    where available_at <= ${NOW} and id not in (select id from dropped)
    order by id limit $2 for update skip locked
  ), claimed as (
    update compute_request c set owner = $1, available_at = ${NOW} + $3::double precision
    from picked where c.id = picked.id
    returning c.id, c.kind, c.run_no
  ), raised as (
    update run set attempt = attempt + 1 where no in (select run_no from claimed where kind = 'launch')
    returning no, attempt
  ), freed as (
    -- Slots of pools that an older attempt held: its worker is fenced from here on.
    delete from pool_slot s using raised where s.run_no = raised.no and s.attempt < raised.attempt returning s.pool
  ), told as (
    select pg_notify('${NOTIFY_CHANNEL}', 'pool:' || pool) from freed
  )
  select c.id, c.kind, r.id as "runId", r.location, coalesce(raised.attempt, r.attempt) as attempt,
    r.code_version as "codeVersion"
  from claimed c join run r on r.no = c.run_no left join raised on raised.no = c.run_no
  where (select count(*) from told) >= 0
  order by c.id`;

export async function claim(
  database: Database,
  owner: string,
  max: number,
  leaseMs: number,
): Promise<ComputeRequest[]> {
  if (max <= 0) return [];
  return database.rows<ComputeRequest>(CLAIM, [owner, max, leaseMs]);
}
