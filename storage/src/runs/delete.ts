import { Conflict, isEnded } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { lockRun } from "../events/lock-run.ts";

const DELETE = `
  with events as (delete from event where run_no = $1),
  gone as (delete from run where no = $1)
  select pg_notify('${NOTIFY_CHANNEL}', 'run:' || $2::text)`;

/** Steps, tags and the link to its assets go with the run's row; asset history refers to nothing that goes. */
export async function deleteRun(database: Database, runId: string): Promise<void> {
  await database.transaction(async (session) => {
    const run = await lockRun(session, runId);
    if (!isEnded(run.status)) {
      throw new Conflict(`run ${runId} is ${run.status}: terminate it before it is deleted`);
    }
    await session.rows(DELETE, [run.no, runId]);
  });
}
