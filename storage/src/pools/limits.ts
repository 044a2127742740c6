import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";

const SET = `
  with changed as (
    insert into pool_limit (pool, slots) values ($1, $2) on conflict (pool) do update set slots = excluded.slots
  )
  select pg_notify('${NOTIFY_CHANNEL}', payload) from unnest(array['pool:' || $1::text, 'queue:']) as payload`;

const DELETE = `
  with gone as (delete from pool_limit where pool = $1 returning pool)
  select pg_notify('${NOTIFY_CHANNEL}', payload) from gone, unnest(array['pool:' || pool, 'queue:']) as payload`;

export async function limits(database: Pick<Database, "rows">): Promise<Map<string, number>> {
  const rows = await database.rows<{ pool: string; slots: number }>("select pool, slots from pool_limit");
  return new Map(rows.map(({ pool, slots }) => [pool, slots]));
}

export async function setLimit(database: Database, pool: string, slots: number): Promise<void> {
  await database.rows(SET, [pool, slots]);
}

export async function deleteLimit(database: Database, pool: string): Promise<boolean> {
  return (await database.rows(DELETE, [pool])).length > 0;
}
