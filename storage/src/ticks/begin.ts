import type { InstigatorId, Tick } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { json } from "../database/json.ts";
import { TICK } from "./record.ts";

// Writing the instigator's row makes callers for one instigator wait for each other; what follows sees what they did.
const LOCK = `
  insert into instigator as i (kind, location, name) values ($1, $2, $3)
  on conflict (kind, location, name) do update set name = excluded.name`;

// A sensor's tick is for the moment it was begun: if its daemon is gone, nobody comes back to it.
const ABANDON = `
  update tick set status = 'FAILURE', ended_at = $4, error = $5::json
  where kind = $1 and location = $2 and name = $3 and status = 'STARTED' and leased_until <= $4 and kind = 'SENSOR'
    and at <> $6`;

// A schedule's tick is for its time: it is made up for before a later one, or its runs would be missing for ever.
const INTERRUPTED = `
  select at from tick
  where kind = $1 and location = $2 and name = $3 and status = 'STARTED' and leased_until <= $4
  order by at limit 1`;

const BEGIN = `
  with busy as (
    select from tick t where t.kind = $1 and t.location = $2 and t.name = $3 and t.status = 'STARTED' and t.leased_until > $5
  ), begun as (
    insert into tick as t (kind, location, name, at, status, owner, leased_until, started_at)
    select $1, $2, $3, $4, 'STARTED', $6, $5::double precision + $7::double precision, $5
    where not exists (select from busy)
    on conflict (kind, location, name, at) do update
      set owner = excluded.owner, leased_until = excluded.leased_until, started_at = excluded.started_at
      where t.status = 'STARTED'
    returning *
  ), woken as (
    select pg_notify('${NOTIFY_CHANNEL}', 'tick:') where exists (select from begun)
  )
  select ${TICK}, (select count(*) from woken) as woken from begun t`;

export async function begin(
  database: Database,
  id: InstigatorId,
  at: number,
  owner: string,
  leaseMs: number,
  now: number,
): Promise<Tick | null> {
  const key = [id.kind, id.location, id.name];
  return database.transaction(async (session) => {
    await session.rows(LOCK, key);
    const error = { name: "TickAbandoned", message: "The daemon that evaluated this tick went away." };
    if (id.kind === "SENSOR") await session.rows(ABANDON, [...key, now, json(error), at]);
    const [interrupted] =
      id.kind === "SCHEDULE" ? await session.rows<{ at: number }>(INTERRUPTED, [...key, now]) : [];
    const params = [...key, interrupted?.at ?? at, now, owner, leaseMs];
    const [row] = await session.rows<Tick & { woken?: number }>(BEGIN, params);
    if (!row) return null;
    const { woken: _, ...tick } = row;
    return tick;
  });
}
