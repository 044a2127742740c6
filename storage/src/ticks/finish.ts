import { Conflict, type TickStorage } from "@dagster-operator/engine";
import { reportIn } from "../assets/report-external.ts";
import { type Database, NOTIFY_CHANNEL, type Session } from "../database/database.ts";
import { json } from "../database/json.ts";
import { LOCKS } from "../database/locks.ts";
import { merged } from "../database/merged.ts";

interface Finish {
  tickId: number;
  owner: string;
  outcome: Parameters<TickStorage["finish"]>[2];
  now: number;
}

// A lease that ran out and that nobody took over is still good: nothing else was done in its place. Instigators are locked
// first and in their order, as begin does.
const FINISH = `
  with outcome as materialized (
    select * from json_to_recordset($1::json) as o ("tickId" bigint, owner text, now double precision, moves boolean,
      status text, "runIds" json, "skipReason" text, error json, cursor text, "lastRunKey" text, logs json,
      "originRunIds" json, "dynamicPartitions" json)
  ), locked as materialized (
    select t.id from outcome o join tick t on t.id = o."tickId"
      join instigator i on i.kind = t.kind and i.location = t.location and i.name = t.name
    order by i.kind, i.location, i.name for update of i
  ), finished as (
    update tick t set status = o.status, ended_at = o.now, run_ids = o."runIds", skip_reason = o."skipReason",
      error = o.error, cursor = o.cursor, logs = o.logs, origin_run_ids = coalesce(o."originRunIds", '[]'),
      dynamic_partitions = coalesce(o."dynamicPartitions", '[]')
    from outcome o join locked l on l.id = o."tickId"
    where t.id = o."tickId" and t.owner = o.owner and t.status = 'STARTED'
    returning t.id, t.kind, t.location, t.name, t.at
  ), moved as (
    update instigator i set
      -- A time of a schedule is never looked back at; a sensor's interval counts on the clock as it is now.
      last_tick_at = case when i.kind = 'SENSOR' then f.at else greatest(i.last_tick_at, f.at) end,
      cursor = case when o.moves then o.cursor else i.cursor end,
      last_run_key = coalesce(o."lastRunKey", i.last_run_key)
    from finished f join outcome o on o."tickId" = f.id
    where i.kind = f.kind and i.location = f.location and i.name = f.name
  ), woken as (
    select pg_notify('${NOTIFY_CHANNEL}', 'tick:') where exists (select from finished)
  )
  select f.id, (select count(*) from woken) as woken from finished f`;

/** Many callers share a statement; who reports events has a transaction of its own. */
export function finisher(database: Database): TickStorage["finish"] {
  const close = async (session: Session, calls: Finish[]) => {
    const rows = calls.map(({ tickId, owner, now, outcome: { assetEvents: _, ...outcome } }) => ({
      ...outcome,
      ...{ tickId, owner, now, moves: outcome.cursor !== undefined },
    }));
    const closed = await session.rows<{ id: number }>(FINISH, [json(rows)]);
    const ids = new Set(closed.map(({ id }) => id));
    return calls.map(({ tickId }) => ids.has(tickId));
  };
  const finish = merged<Finish, boolean>(
    (calls) => close(database, calls),
    ({ tickId }) => tickId,
  );
  const refuse = ({ tickId, owner }: Finish): never => {
    throw new Conflict(
      `tick ${tickId}: the lease of ${owner} was lost; another daemon evaluates it or has done so`,
    );
  };
  return async (tickId, owner, outcome, now) => {
    const call = { tickId, owner, outcome, now };
    const events = outcome.assetEvents ?? [];
    if (events.length === 0) {
      if (!(await finish(call))) refuse(call);
      return;
    }
    await database.transaction(async (session) => {
      const [closed] = await close(session, [call]);
      if (!closed) refuse(call);
      for (const event of events) await reportIn(session, event);
    }, LOCKS.eventIds);
  };
}
