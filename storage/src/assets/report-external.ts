import type { AssetEventRecord, CheckRecord } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, type Session } from "../database/database.ts";
import { assetKey, json, plain } from "../database/json.ts";
import { LOCKS } from "../database/locks.ts";

const REPORT = `
  with history as (
    insert into asset_event (id, asset_key, kind, partition, body)
    values (nextval('event_id_seq'), $1, $2, $3, $4::json) returning id, kind
  ), partition as (
    insert into asset_partition as p (asset_key, partition, status, last_materialization)
    select $1, $3, 'MATERIALIZED', id from history where $3 <> '' and kind = 'materialization'
    on conflict (asset_key, partition) do update
      set status = case when p.status = 'IN_PROGRESS' then p.status else excluded.status end,
        last_materialization = excluded.last_materialization
  ), folded as (
    insert into asset as a (key, last_materialization, last_observation)
    select $1, case when kind = 'materialization' then id end, case when kind = 'observation' then id end from history
    on conflict (key) do update
      set last_materialization = greatest(a.last_materialization, excluded.last_materialization),
        last_observation = greatest(a.last_observation, excluded.last_observation),
        last_run_failed = a.last_run_failed and excluded.last_materialization is null
  ), woken as (select pg_notify('${NOTIFY_CHANNEL}', 'asset:'))
  select id, (select count(*) from woken) from history`;

const REPORT_CHECK = `
  with history as (
    insert into asset_check_event (id, asset_key, check_name, partition, body)
    values (nextval('event_id_seq'), $1, $2, $3, $4::json) returning id
  ), state as (
    insert into asset_check_state as s (asset_key, check_name, partition, evaluation) select $1, $2, $3, id from history
    on conflict (asset_key, check_name, partition) do update set evaluation = excluded.evaluation
  ), folded as (
    insert into asset_check as c (asset_key, check_name, last_evaluation) select $1, $2, id from history
    on conflict (asset_key, check_name) do update
      set last_evaluation = greatest(c.last_evaluation, excluded.last_evaluation)
  ), woken as (select pg_notify('${NOTIFY_CHANNEL}', 'asset:'))
  select id, (select count(*) from woken) from history`;

export type ExternalEvent = AssetEventRecord["event"] | CheckRecord["event"];

export const reportExternal = (database: Database, event: ExternalEvent): Promise<number> =>
  database.transaction((session) => reportIn(session, event), LOCKS.eventIds);

/** In a transaction that holds the lock of event ids. */
export async function reportIn(session: Session, event: ExternalEvent): Promise<number> {
  const kind = event.type === "ASSET_MATERIALIZATION" ? "materialization" : "observation";
  const [sql, what] =
    event.type === "ASSET_CHECK_EVALUATION" ? [REPORT_CHECK, plain(event.check)] : [REPORT, kind];
  const [row] = await session.rows<{ id: number }>(sql, [
    assetKey(event.asset),
    what,
    plain(event.partition ?? ""),
    json(event),
  ]);
  if (!row) throw new Error(`reporting ${event.type} returned no id`);
  return row.id;
}
