import type { PoolSettings } from "@dagster-operator/engine";
import { NOTIFY_CHANNEL, NOW, type Session } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";

// A row that is being deleted is skipped: its step or run ends just now.
const GRANT = `
  with room as (
    select greatest(0, coalesce((select slots from pool_limit where pool = $1), $2::bigint, 1000000000)
      - (select count(*) from pool_slot where pool = $1 and held_at is not null)) as n
  ), next as materialized (
    select id from pool_slot where pool = $1 and held_at is null
    order by priority desc, id limit (select n from room) for update skip locked
  ), granted as (
    update pool_slot s set held_at = ${NOW} from next where s.id = next.id returning s.run_no
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'run:' || r.id) from (select distinct run_no from granted) g join run r on r.no = g.run_no`;

/** One caller at a time counts and gives out the slots of one pool, so its limit is exact. Pools come sorted: nobody waits crosswise. */
export async function grant(
  session: Session,
  pools: readonly string[],
  settings: PoolSettings,
): Promise<void> {
  for (const pool of pools) {
    await session.rows("select pg_advisory_xact_lock($1, hashtext($2))", [LOCKS.poolSpace, pool]);
    const limited = settings.granularity === "op";
    await session.rows(GRANT, [pool, limited ? settings.defaultLimit : null]);
  }
}
