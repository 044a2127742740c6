import { type BackfillStatus, Conflict, NotFound } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, type Session } from "../database/database.ts";

interface Locked {
  no: number;
  status: BackfillStatus;
}
const LOCK = "select no, status from backfill where id = $1 for update";

// A daemon looks at once; one that decides at this moment stores its decision under this status and looks again.
const CHANGE = `
  with changed as (
    update backfill set status = $2, updated_at = $3, ended_at = null, error = null,
      available_at = case when owner is null then 0 else available_at end
    where no = $1
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'backfill:' || $4::text)`;

const PAUSE = `
  with changed as (update backfill set paused = $2, updated_at = $3, available_at = case when owner is null then 0 else available_at end where no = $1)
  select pg_notify('${NOTIFY_CHANNEL}', 'backfill:' || $4::text)`;

async function locked(session: Session, id: string): Promise<Locked> {
  const [row] = await session.rows<Locked>(LOCK, [id]);
  if (!row) throw new NotFound("backfill", id);
  return row;
}

/** To `to` when its status is one of `from`. */
export async function changeStatus(
  database: Database,
  id: string,
  change: { from: BackfillStatus[]; to: BackfillStatus },
  now: number,
): Promise<BackfillStatus> {
  return database.transaction(async (session) => {
    const { no, status } = await locked(session, id);
    if (!change.from.includes(status)) return status;
    await session.rows(CHANGE, [no, change.to, now, id]);
    return change.to;
  });
}

export async function setPaused(database: Database, id: string, paused: boolean, now: number): Promise<void> {
  await database.transaction(async (session) => {
    const { no, status } = await locked(session, id);
    if (status !== "REQUESTED")
      throw new Conflict(
        `backfill ${id} is ${status}: only one that is REQUESTED can be paused or let go on`,
      );
    await session.rows(PAUSE, [no, paused, now, id]);
  });
}
