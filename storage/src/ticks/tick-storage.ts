import type { InstigatorState, Tick, TickStorage } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { json } from "../database/json.ts";
import { beginner } from "./begin.ts";
import { finisher } from "./finish.ts";
import { TICK } from "./record.ts";

const STATES = `
  select kind, location, name, status, cursor, last_tick_at as "lastTickAt", last_run_key as "lastRunKey", since
  from instigator order by kind, location, name`;

// Switched on: only ticks from now on. Otherwise ensure() says from when, once it is seen running again.
const SET_STATUS = `
  with changed as (
    insert into instigator as i (kind, location, name, status, since)
    values ($1, $2, $3, $4, case when $4::text = 'RUNNING' then $5::double precision end)
    on conflict (kind, location, name) do update set status = excluded.status, since = excluded.since
      where i.status is distinct from excluded.status
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'tick:')`;

const SET_CURSOR = `
  insert into instigator (kind, location, name, cursor) values ($1, $2, $3, $4)
  on conflict (kind, location, name) do update set cursor = excluded.cursor`;

const ENSURE = `
  insert into instigator as i (kind, location, name, since)
  select kind, location, name, $2
  from json_to_recordset($1::json) as g (kind text, location text, name text)
  group by kind, location, name order by kind, location, name
  on conflict (kind, location, name) do update set since = excluded.since where i.since is null`;

const TICKS = `
  select ${TICK} from tick t
  where t.kind = $1 and t.location = $2 and t.name = $3 and ($4::bigint is null or t.id < $4)
    and ($5::text[] is null or t.status = any($5))
  order by t.id desc limit $6`;

export function tickStorage(database: Database): TickStorage {
  return {
    states: () => database.rows<InstigatorState>(STATES),
    async setStatus({ kind, location, name }, status, now) {
      await database.rows(SET_STATUS, [kind, location, name, status, now]);
    },
    async setCursor({ kind, location, name }, cursor) {
      await database.rows(SET_CURSOR, [kind, location, name, cursor]);
    },
    async ensure(ids, now) {
      if (ids.length > 0) await database.rows(ENSURE, [json(ids), now]);
    },
    begin: beginner(database),
    finish: finisher(database),
    async release(tickId, owner) {
      await database.rows("delete from tick where id = $1 and owner = $2 and status = 'STARTED'", [
        tickId,
        owner,
      ]);
    },
    ticks: ({ kind, location, name }, { limit, before, statuses }) =>
      database.rows<Tick>(TICKS, [kind, location, name, before ?? null, statuses ?? null, limit]),
  };
}
