import { IN_PROGRESS, type PoolSettings, type PoolSlot, type PoolState } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { limits } from "./limits.ts";

const STEPS = `
  select s.pool, r.id as "runId", s.step_key as "stepKey", s.priority, s.asked_at as "askedAt", s.held_at as "heldAt"
  from pool_slot s join run r on r.no = s.run_no
  order by s.held_at nulls last, s.priority desc, s.id`;

const RUNS = `
  select p.pool, r.id as "runId", '' as "stepKey", r.priority, r.created_at as "askedAt",
    case when r.status <> 'QUEUED' then coalesce(r.started_at, r.updated_at) end as "heldAt"
  from run r cross join lateral json_array_elements_text(r.pools->'all') as p (pool)
  where r.pools is not null and (r.status = 'QUEUED' or r.status = any($1::text[]))
  order by "heldAt" nulls last, r.priority desc, r.no`;

export async function listPools(
  database: Database,
  settings: PoolSettings,
  known: readonly string[],
): Promise<PoolState[]> {
  const set = await limits(database);
  const rows =
    settings.granularity === "run"
      ? await database.rows<PoolSlot & { pool: string }>(RUNS, [IN_PROGRESS])
      : await database.rows<PoolSlot & { pool: string }>(STEPS);
  const slots = new Map<string, PoolSlot[]>();
  for (const name of [...known, ...set.keys()]) slots.set(name, []);
  for (const { pool, ...slot } of rows) {
    const of = slots.get(pool);
    if (of) of.push(slot);
    else slots.set(pool, [slot]);
  }
  return [...slots]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([pool, of]) => ({
      pool,
      limit: set.get(pool) ?? settings.defaultLimit,
      usesDefault: !set.has(pool),
      slots: of,
    }));
}
