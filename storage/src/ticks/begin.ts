import type { InstigatorId, Tick, TickStorage } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { json } from "../database/json.ts";
import { merged } from "../database/merged.ts";
import { TICK } from "./record.ts";

interface Begin extends InstigatorId {
  at: number;
  owner: string;
  leaseMs: number;
  now: number;
  seen: Parameters<TickStorage["begin"]>[5] | null;
}

const GIVEN = `json_to_recordset($1::json) as g (kind text, location text, name text, at double precision, owner text,
      "leaseMs" double precision, now double precision, seen json)`;

// Writing the instigators' rows, in their order, makes callers for one of them wait for each other; what follows sees what they did.
const LOCK = `
  insert into instigator as i (kind, location, name) select kind, location, name from ${GIVEN} order by kind, location, name
  on conflict (kind, location, name) do update set name = excluded.name`;

// A sensor's tick is for the moment it was begun: if its daemon is gone, nobody comes back to it.
// A schedule's tick is for its time: one that was left is made up for before a later one, or its runs would be missing for ever.
const BEGIN = `
  with free as (
    select g.kind, g.location, g.name, g.owner, g."leaseMs", g.now, coalesce((
        select min(t.at) from tick t where t.kind = 'SCHEDULE' and t.kind = g.kind and t.location = g.location
          and t.name = g.name and t.status = 'STARTED' and t.leased_until <= g.now), g.at) as at
    from ${GIVEN} join instigator i on i.kind = g.kind and i.location = g.location and i.name = g.name
    where not exists (
        select from tick t where t.kind = g.kind and t.location = g.location and t.name = g.name and t.status = 'STARTED'
          and t.leased_until > g.now)
      and (g.seen is null or (i.status is not distinct from g.seen->>'status' and i.cursor is not distinct from g.seen->>'cursor'
        and i.last_tick_at is not distinct from (g.seen->>'lastTickAt')::double precision))
  ), abandoned as (
    update tick t set status = 'FAILURE', ended_at = g.now, error = $2::json from ${GIVEN}
    where t.kind = 'SENSOR' and t.kind = g.kind and t.location = g.location and t.name = g.name and t.status = 'STARTED'
      and t.leased_until <= g.now and t.at <> g.at
  ), begun as (
    insert into tick as t (kind, location, name, at, status, owner, leased_until, started_at)
    select kind, location, name, at, 'STARTED', owner, now + "leaseMs", now from free order by kind, location, name
    on conflict (kind, location, name, at) do update
      set owner = excluded.owner, leased_until = excluded.leased_until, started_at = excluded.started_at
      where t.status = 'STARTED'
    returning *
  ), woken as (
    select pg_notify('${NOTIFY_CHANNEL}', 'tick:') where exists (select from begun)
  )
  select ${TICK}, (select count(*) from woken) as woken from begun t`;

const ABANDONED = { name: "TickAbandoned", message: "The daemon that evaluated this tick went away." };

/** Many callers share a transaction, one for each instigator. */
export function beginner(database: Database): TickStorage["begin"] {
  const keyOf = ({ kind, location, name }: InstigatorId) => JSON.stringify([kind, location, name]);
  const begin = merged<Begin, Tick | null>(async (calls) => {
    const given = json(calls);
    const begun = await database.transaction(async (session) => {
      await session.rows(LOCK, [given]);
      return session.rows<Tick & { woken?: number }>(BEGIN, [given, json(ABANDONED)]);
    });
    const ticks = new Map(begun.map(({ woken: _, ...tick }) => [keyOf(tick), tick]));
    return calls.map((call) => ticks.get(keyOf(call)) ?? null);
  }, keyOf);
  return ({ kind, location, name }, at, owner, leaseMs, now, seen = undefined) =>
    begin({ kind, location, name, at, owner, leaseMs, now, seen: seen ?? null });
}
