import type { EventRecord, Notice, Notices } from "@dagster-operator/engine";
import { type Database, NOW } from "../database/database.ts";
import { json } from "../database/json.ts";
import { mark, tail } from "../events/tail.ts";

const BEGIN = `
  insert into loop_cursor (loop, position) values ($1, $2) on conflict (loop) do nothing`;

// Whoever moves the cursor from where it read it makes the notices; others find it moved.
const COLLECT = `
  with moved as (
    update loop_cursor set position = $3 where loop = $1 and position = $2 returning position
  )
  insert into notice (loop, target, event_id, event_type, event_ts, run_id, available_at)
  select $1, t.target, e.id, e.type, e.ts, e.run, ${NOW}
  from moved, json_to_recordset($4::json) as e (id bigint, type text, ts double precision, run text),
    unnest($5::text[]) as t (target)
  order by e.id
  on conflict (loop, target, event_id) do nothing`;

const NOTICE = `
  id, loop, target, event_id as "eventId", event_type as "eventType", event_ts as "eventTs", run_id as "runId", tries,
  ended_at as "endedAt", error`;

const CLAIM = `
  with picked as materialized (
    select id from notice where loop = $1 and ended_at is null and available_at <= ${NOW}
    order by id limit $3 for update skip locked
  ), claimed as (
    update notice n set owner = $2, tries = n.tries + 1, available_at = ${NOW} + $4::double precision
    from picked where n.id = picked.id returning n.*
  )
  select ${NOTICE} from claimed order by id`;

export function notices(database: Database): Notices {
  return {
    async collect(loop, types, targets, limit) {
      const [cursor] = await database.rows<{ position: number }>(
        "select position from loop_cursor where loop = $1",
        [loop],
      );
      if (!cursor) {
        await database.rows(BEGIN, [loop, await mark(database)]);
        return 0;
      }
      const events = await tail(database, types, cursor.position, limit);
      const last = events.at(-1);
      if (last)
        await database.rows(COLLECT, [loop, cursor.position, last.id, json(events.map(row)), targets]);
      return events.length;
    },
    claim: (loop, owner, max, leaseMs) =>
      max > 0 ? database.rows<Notice>(CLAIM, [loop, owner, max, leaseMs]) : Promise.resolve([]),
    async later(id, delayMs, error) {
      await database.rows(
        `update notice set owner = null, available_at = ${NOW} + $2::double precision, error = $3
         where id = $1 and ended_at is null`,
        [id, delayMs, error],
      );
    },
    async hasten(loop, location) {
      await database.rows(
        `update notice n set available_at = ${NOW} from run r
         where n.loop = $1 and n.ended_at is null and n.owner is null and n.available_at > ${NOW}
           and r.id = n.run_id and r.location = $2`,
        [loop, location],
      );
    },
    async end(id, error) {
      await database.rows(`update notice set ended_at = ${NOW}, error = $2 where id = $1`, [
        id,
        error ?? null,
      ]);
    },
    list: (loop, limit) =>
      database.rows<Notice>(`select ${NOTICE} from notice where loop = $1 order by id desc limit $2`, [
        loop,
        limit,
      ]),
  };
}

const row = ({ id, runId, event }: EventRecord) => ({ id, type: event.type, ts: event.ts, run: runId });
