import { isEnded } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import { appendLocked } from "../events/append.ts";
import { lockRun } from "../events/lock-run.ts";

const ASK = `
  with asked as (insert into compute_request (kind, run_no, available_at) values ('launch', $1, 0))
  select pg_notify('${NOTIFY_CHANNEL}', 'compute:')`;

export async function resume(
  database: Database,
  producer: string,
  { runId, attempt }: { runId: string; attempt: number },
  event: RunEvent,
): Promise<boolean> {
  return database.transaction(async (session) => {
    const run = await lockRun(session, runId);
    if (isEnded(run.status) || run.status === "CANCELING" || run.attempt !== attempt) return false;
    await appendLocked(session, run, { runId, producer }, [event]);
    // The request that launched this attempt may not be reported done yet; the new one is a row of its own.
    await session.rows("delete from compute_request where run_no = $1 and kind = 'launch'", [run.no]);
    await session.rows(ASK, [run.no]);
    return true;
  }, LOCKS.eventIds);
}
