import { isEnded } from "@dagster-operator/engine";
import type { RunEvent, RunStatus } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import { appendLocked } from "../events/append.ts";
import { lockRun } from "../events/lock-run.ts";

const ASK = `
  with asked as (
    insert into compute_request (kind, run_no, available_at) values ('cancel', $1, 0) on conflict (run_no, kind) do nothing
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'compute:')`;

export async function cancel(
  database: Database,
  producer: string,
  runId: string,
  options: { force?: boolean; reason?: string },
  now: number,
): Promise<RunStatus> {
  return database.transaction(async (session) => {
    const run = await lockRun(session, runId);
    if (isEnded(run.status) || (run.status === "CANCELING" && !options.force)) return run.status;
    const queued = run.status === "QUEUED";
    const type = queued || options.force ? "RUN_CANCELED" : "RUN_CANCELING";
    const event: RunEvent = { type, ts: now, level: "INFO", message: options.reason ?? MESSAGES[type] };
    const { status } = await appendLocked(session, run, { runId, producer }, [event]);
    // Also after a forced cancel: a worker that still runs would go on for nothing.
    if (!queued) await session.rows(ASK, [run.no]);
    return status;
  }, LOCKS.eventIds);
}

const MESSAGES = {
  RUN_CANCELED: "Run was canceled.",
  RUN_CANCELING: "Asked the run worker to stop.",
};
