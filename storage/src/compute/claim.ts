import type { ComputeRequest } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, NOW } from "../database/database.ts";

/**
 * A `launch` is only for a run that has not ended and is not being cancelled; others are dropped here, unstarted. The row
 * without an id says how many were.
 */
const CLAIM = `
  with picked as materialized (
    select c.id, c.kind = 'launch' and r.status in ('SUCCESS', 'FAILURE', 'CANCELED', 'CANCELING') as stale
    from compute_request c join run r on r.no = c.run_no
    where c.available_at <= ${NOW}
    order by c.id limit $2 for update of c skip locked
  ), dropped as (
    delete from compute_request where id in (select id from picked where stale) returning id
  ), claimed as (
    update compute_request c set owner = $1, available_at = ${NOW} + $3::double precision
    from picked where c.id = picked.id and not picked.stale
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
    r.code_version as "codeVersion", null::bigint as dropped
  from claimed c join run r on r.no = c.run_no left join raised on raised.no = c.run_no
  union all
  select null, null, null, null, null, null, (select count(*) from dropped) where (select count(*) from told) >= 0
  order by id`;

type Row = ComputeRequest & { dropped: number | null };

export async function claim(
  database: Database,
  owner: string,
  max: number,
  leaseMs: number,
): Promise<ComputeRequest[]> {
  if (max <= 0) return [];
  for (;;) {
    const rows = await database.rows<Row>(CLAIM, [owner, max, leaseMs]);
    const claimed = rows.filter(({ id }) => id !== null).map(({ dropped: _, ...request }) => request);
    // Behind nothing but stale ones there may be more.
    if (claimed.length > 0 || !rows.some(({ dropped }) => dropped)) return claimed;
  }
}
