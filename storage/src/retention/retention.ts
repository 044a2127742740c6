import type { BackfillStatus, EndedRuns, Retention, RunEnd } from "@dagster-operator/engine";
import type { Database, Parameter } from "../database/database.ts";

function endedRuns({ statuses, before, tag, without }: EndedRuns, limit: number) {
  const params: Parameter[] = [];
  const param = (value: Parameter) => `$${params.push(value)}`;
  const has = ({ key, value }: { key: string; value?: string | undefined }) =>
    `exists (select from run_tag t where t.run_no = r.no and t.key = ${param(key)}${value === undefined ? "" : ` and t.value = ${param(value)}`})`;
  const all = [
    `r.ended_at < ${param(before)}::double precision`,
    `r.status = any(${param([...statuses])}::text[])`,
    ...(tag ? [has(tag)] : []),
    ...without.map((each) => `not ${has(each)}`),
  ];
  return {
    sql: `select r.id from run r where ${all.join(" and ")} order by r.ended_at limit ${param(limit)}`,
    params,
  };
}

// A key of a tick's own, `#<tick>.<index>`, is asked for by that tick alone, which has ended: only others must stay spent.
const DELETE = `
  with picked as materialized (
    select no, id, idempotency_key, tags from run where id = any($1::text[]) and status in ('SUCCESS', 'FAILURE', 'CANCELED')
    for update skip locked
  ), spent as (
    insert into spent_key (key) select md5(idempotency_key)::uuid from picked
    where starts_with(idempotency_key, 'manifest:') or starts_with(idempotency_key, 'sensor:') and (tags ? 'dagster/run_key'
      or coalesce(strpos(idempotency_key, '#' || (tags ->> 'dagster/tick') || '.'), 0) = 0)
    on conflict do nothing
  ), events as (
    delete from event where run_no in (select no from picked)
  ), gone as (
    delete from run where no in (select no from picked)
  )
  select id from picked`;

const BACKFILL_ENDS: Record<RunEnd, BackfillStatus[]> = {
  SUCCESS: ["COMPLETED_SUCCESS"],
  FAILURE: ["COMPLETED_FAILED", "FAILED"],
  CANCELED: ["CANCELED"],
};

// One that was resumed meanwhile is looked at again under its lock.
const BACKFILLS = `
  with picked as materialized (
    select no, idempotency_key from backfill b
    where status = any($1::text[]) and ended_at < $2
      and not exists (select from run_tag t where t.key = 'dagster/backfill' and t.value = b.id)
    order by ended_at limit $3 for update skip locked
  ), spent as (
    insert into spent_key (key) select md5(idempotency_key)::uuid from picked where idempotency_key is not null
    on conflict do nothing
  ), gone as (delete from backfill where no in (select no from picked))
  select no from picked`;

const EVENTS = `
  with picked as materialized (
    select no from run where ended_at < $1 and not events_purged order by ended_at limit $2 for update skip locked
  ), gone as (
    delete from event where run_no in (select no from picked)
  ), marked as (
    update run set events_purged = true where no in (select no from picked)
  )
  select no from picked`;

const TICKS = `
  with picked as materialized (
    select id from tick where kind = $1 and status = $2 and ended_at < $3 order by ended_at limit $4 for update skip locked
  ), gone as (delete from tick where id in (select id from picked))
  select id from picked`;

// One history after the other by id, which rises with time.
const assetEvents = (table: string, isNewest: string) => `
  with seen as materialized (
    select id, (body->>'ts')::double precision as ts from ${table} where id > $2 order by id limit $3
  ), old as materialized (select id from seen where ts < $1
  ), gone as (
    delete from ${table} e where id in (select id from old) and not (${isNewest})
  )
  select max(id) as last, count(*)::integer as seen, (select count(*)::integer from old) as old from seen`;

const MATERIALIZATIONS = assetEvents(
  "asset_event",
  `exists (select from asset a where a.key = e.asset_key and e.id in (a.last_materialization, a.last_observation))
    or exists (select from asset_partition p where p.asset_key = e.asset_key and p.partition = e.partition
      and p.last_materialization = e.id)`,
);
const CHECKS = assetEvents(
  "asset_check_event",
  `exists (select from asset_check c where c.asset_key = e.asset_key and c.check_name = e.check_name
    and c.last_evaluation = e.id)
    or exists (select from asset_check_state s where s.asset_key = e.asset_key and s.check_name = e.check_name
      and s.partition = e.partition and s.evaluation = e.id)`,
);

const NOTICES = `
  with ended as materialized (
    select id from notice where ended_at < $1 order by ended_at limit $2 for update skip locked
  ), abandoned as materialized (
    -- Nobody works on these any more: their webhook is gone.
    select id from notice where ended_at is null and available_at < $1 order by id limit $2 for update skip locked
  ), gone as (
    delete from notice where id in (select id from ended union all select id from abandoned)
  )
  select id from ended union all select id from abandoned`;

export function retention(database: Database): Retention {
  const count = async (sql: string, params: Parameter[]) => (await database.rows(sql, params)).length;
  return {
    async endedRuns(which, limit) {
      const { sql, params } = endedRuns(which, limit);
      return (await database.rows<{ id: string }>(sql, params)).map(({ id }) => id);
    },
    deleteRuns: (runIds) => count(DELETE, [[...runIds]]),
    purgeBackfills: (end, before, limit) => count(BACKFILLS, [BACKFILL_ENDS[end], before, limit]),
    purgeEvents: (before, limit) => count(EVENTS, [before, limit]),
    async runsWithLogs(before, limit) {
      const rows = await database.rows<{ id: string }>(
        "select id from run where ended_at < $1 and not logs_purged order by ended_at limit $2",
        [before, limit],
      );
      return rows.map(({ id }) => id);
    },
    async logsPurged(runIds) {
      await database.rows("update run set logs_purged = true where id = any($1::text[])", [[...runIds]]);
    },
    purgeTicks: (kind, status, before, limit) => count(TICKS, [kind, status, before, limit]),
    async purgeAssetEvents(before, after, limit) {
      let next: number | null = null;
      for (const sql of [MATERIALIZATIONS, CHECKS]) {
        const [row] = await database.rows<{ last: number | null; seen: number; old: number }>(sql, [
          before,
          after,
          limit,
        ]);
        if (row?.last == null || row.seen < limit || row.old === 0) continue;
        next = Math.min(next ?? row.last, row.last);
      }
      return next;
    },
    purgeNotices: (before, limit) => count(NOTICES, [before, limit]),
    vacuum: () => database.vacuum(),
  };
}
