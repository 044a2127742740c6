import { Conflict, type TickStorage } from "@dagster-operator/engine";
import { reportIn } from "../assets/report-external.ts";
import { type Database, NOTIFY_CHANNEL, type Session } from "../database/database.ts";
import { json, plain } from "../database/json.ts";
import { LOCKS } from "../database/locks.ts";

// A lease that ran out and that nobody took over is still good: nothing else was done in its place.
const FINISH = `
  with outcome as (
    select * from json_to_record($3::json) as o (status text, "runIds" json, "skipReason" text, error json,
      cursor text, "lastRunKey" text, logs json, "originRunIds" json)
  ), finished as (
    update tick t set status = o.status, ended_at = $4, run_ids = o."runIds", skip_reason = o."skipReason",
      error = o.error, cursor = o.cursor, logs = o.logs,
      origin_run_ids = coalesce(o."originRunIds", '[]')
    from outcome o where t.id = $1 and t.owner = $2 and t.status = 'STARTED'
    returning t.kind, t.location, t.name, t.at
  ), moved as (
    update instigator i set
      -- A time of a schedule is never looked back at; a sensor's interval counts on the clock as it is now.
      last_tick_at = case when i.kind = 'SENSOR' then f.at else greatest(i.last_tick_at, f.at) end,
      cursor = case when $5::boolean then o.cursor else i.cursor end,
      last_run_key = coalesce(o."lastRunKey", i.last_run_key)
    from finished f, outcome o
    where i.kind = f.kind and i.location = f.location and i.name = f.name
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'tick:') from finished`;

export async function finish(
  database: Database,
  ...[tickId, owner, outcome, now]: Parameters<TickStorage["finish"]>
): Promise<void> {
  const { assetEvents = [], ...rest } = outcome;
  const close = async (session: Session) => {
    const params = [tickId, plain(owner), json(rest), now, outcome.cursor !== undefined];
    const rows = await session.rows(FINISH, params);
    if (rows.length === 0) {
      throw new Conflict(
        `tick ${tickId}: the lease of ${owner} was lost; another daemon evaluates it or has done so`,
      );
    }
    for (const event of assetEvents) await reportIn(session, event);
  };
  if (assetEvents.length === 0) await close(database);
  else await database.transaction(close, LOCKS.eventIds);
}
