import type { EventRecord } from "@dagster-operator/engine";
import type { RunEvent, RunEventType } from "@dagster-operator/sdk/internal";
import type { Database } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";

/** The mark alone: everything up to it is committed. */
export async function mark(database: Database): Promise<number> {
  return database.transaction(async (session) => {
    await session.rows("select pg_advisory_xact_lock($1, $2)", LOCKS.eventIds);
    const [row] = await session.rows<{ id: number }>(
      "select case when is_called then last_value else 0 end as id from event_id_seq",
    );
    return row?.id ?? 0;
  });
}

/**
 * Ids are given out before commit, so a greater one may be visible before a smaller one, and a cursor would pass over the
 * late one. Writers hold a lock together while they have ids that are not committed: alone in it, for an instant, all
 * given ids are committed. Nothing above that mark is shown.
 */
export async function tail(
  database: Database,
  types: readonly RunEventType[],
  after: number,
  limit: number,
): Promise<EventRecord[]> {
  if (types.length === 0) return [];
  const upTo = await mark(database);
  if (upTo <= after) return [];
  // One ordered read a type, which the index `event_tail` gives as it is. The types stand in the text, because the
  // planner uses a partial index only where it sees that the condition holds.
  const reads = [...new Set(types)].map(
    (type) => `(select e.id, e.run_no, e.body from event e
      where e.type = '${type.replaceAll("'", "''")}' and e.id > $1 and e.id <= $2 order by e.id limit $3)`,
  );
  const rows = await database.rows<{ id: number; runId: string; body: RunEvent }>(
    `select e.id, r.id as "runId", e.body from (${reads.join(" union all ")}) e join run r on r.no = e.run_no
     order by e.id limit $3`,
    [after, upTo, limit],
  );
  return rows.map(({ id, runId, body }) => ({ id, runId, event: body }));
}
