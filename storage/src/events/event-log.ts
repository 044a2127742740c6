import { Conflict, type EventLog, type EventRecord } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { Database } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import { append, appendLocked } from "./append.ts";
import { lockRun } from "./lock-run.ts";
import { mark, tail } from "./tail.ts";

const LIST = `
  select e.id, e.body from event e
  where e.run_no = (select no from run where id = $1) and e.id > $2
    and ($4::text[] is null or e.type = any($4)) and ($5::text is null or e.step_key = $5)
  order by e.id limit $3`;

/** `producer` is this process' own, for what the control plane reports. */
export function eventLog(database: Database, producer: string): EventLog {
  return {
    append: (batch) => append(database, batch),
    async list(runId, { after = 0, limit, types, stepKey }) {
      const rows = await database.rows<{ id: number; body: RunEvent }>(LIST, [
        runId,
        after,
        limit,
        types ?? null,
        stepKey ?? null,
      ]);
      return rows.map(({ id, body }): EventRecord => ({ id, runId, event: body }));
    },
    tail: (types, after, limit) => tail(database, types, after, limit),
    mark: () => mark(database),
    report: (runId, events, only) =>
      database.transaction(async (session) => {
        const run = await lockRun(session, runId);
        if (only && (!only.statuses.includes(run.status) || run.attempt !== (only.attempt ?? run.attempt)))
          throw new Conflict(`run ${runId} is ${run.status} by now, attempt ${run.attempt}`);
        return appendLocked(session, run, { runId, producer }, events);
      }, LOCKS.eventIds),
  };
}
