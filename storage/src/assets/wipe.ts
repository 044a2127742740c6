import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { assetKey } from "../database/json.ts";

const ALL = `
  with h as (delete from asset_event where asset_key = $1),
  p as (delete from asset_partition where asset_key = $1),
  c as (delete from asset_check where asset_key = $1),
  e as (delete from asset_check_event where asset_key = $1),
  s as (delete from asset_check_state where asset_key = $1),
  a as (delete from asset where key = $1)
  select pg_notify('${NOTIFY_CHANNEL}', 'asset:')`;

const SOME = `
  with h as (delete from asset_event where asset_key = $1 and partition = any($2::text[])),
  p as (delete from asset_partition where asset_key = $1 and partition = any($2)),
  e as (delete from asset_check_event where asset_key = $1 and partition = any($2)),
  s as (delete from asset_check_state where asset_key = $1 and partition = any($2)),
  c as (
    update asset_check c set last_evaluation = left_over.id
    from (select check_name, max(id) as id from asset_check_event
      where asset_key = $1 and partition <> all($2) group by check_name) as left_over
    where c.asset_key = $1 and c.check_name = left_over.check_name
  ), g as (
    delete from asset_check c where c.asset_key = $1 and not exists (
      select from asset_check_event x
      where x.asset_key = $1 and x.check_name = c.check_name and x.partition <> all($2))
  ), a as (
    update asset set
      last_materialization = (select max(id) from asset_event
        where asset_key = $1 and kind = 'materialization' and partition <> all($2)),
      last_observation = (select max(id) from asset_event
        where asset_key = $1 and kind = 'observation' and partition <> all($2))
    where key = $1
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'asset:')`;

/** Forgets what was made of an asset, or of some partitions; what remains is then what was made last. */
export async function wipe(database: Database, key: string[], partitions?: string[]): Promise<void> {
  if (partitions) await database.rows(SOME, [assetKey(key), partitions]);
  else await database.rows(ALL, [assetKey(key)]);
}
