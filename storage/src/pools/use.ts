import { IN_PROGRESS, type PoolSettings, type PoolUse } from "@dagster-operator/engine";
import type { Session } from "../database/database.ts";
import { limits } from "./limits.ts";

const BY_RUN = `
  select p.pool, count(*)::integer as used
  from run r cross join lateral json_array_elements_text(r.pools->'all') as p (pool)
  where r.pools is not null and r.status = any($1::text[]) group by p.pool`;

const BY_STEP = `
  select pool, count(*)::integer as used from (
    select pool from pool_slot
    union all
    select p.pool from run r cross join lateral json_array_elements_text(r.pools->'roots') as p (pool)
    where r.pools is not null and r.status in ('NOT_STARTED', 'STARTING') and p.pool is not null
  ) as u group by pool`;

/** What the queue must know of pools to choose; read while the queue is locked. */
export async function poolUse(session: Session, { granularity }: PoolSettings): Promise<PoolUse> {
  const rows =
    granularity === "run"
      ? await session.rows<{ pool: string; used: number }>(BY_RUN, [IN_PROGRESS])
      : await session.rows<{ pool: string; used: number }>(BY_STEP);
  return { limits: await limits(session), used: new Map(rows.map(({ pool, used }) => [pool, used])) };
}
