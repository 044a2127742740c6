import {
  chooseRuns,
  DEFAULT_POOL_SETTINGS,
  IN_PROGRESS,
  type PoolUse,
  poolsTaken,
  type QueuedRun,
  type QueueLimits,
} from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, type Session } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import { poolUse } from "../pools/use.ts";

const RUNNING = "select tags from run where status = any($1::text[])";
const RUNNING_COUNT = "select count(*)::integer as count from run where status = any($1::text[])";

// A run that somebody cancels at this moment is locked, and skipped.
const QUEUED = `
  select no, id as "runId", priority, created_at as "createdAt", tags, pools from run
  where status = 'QUEUED' and (priority, -no) < ($1, $2)
  order by priority desc, no limit $3 for update skip locked`;

const START = `
  with started as (
    update run set status = 'STARTING', updated_at = $2 where id = any($1::text[]) returning no, id, job
  ), asked as (
    insert into compute_request (kind, run_no, available_at) select 'launch', no, 0 from started order by no
    on conflict (run_no, kind) do nothing
  ), told as (
    insert into event (run_no, producer, seq, type, ts, body)
    select s.no, 'queue', e.seq + n, t.type, $2,
      json_build_object('type', t.type, 'ts', $2, 'level', 'INFO', 'message', t.message)
    from started s
    cross join lateral (select coalesce(max(seq), 0) as seq from event where run_no = s.no and producer = 'queue') e
    cross join (values (1, 'RUN_DEQUEUED', 'Run left the queue.'), (2, 'RUN_STARTING', 'Asked for a run worker.'))
      as t (n, type, message)
    order by s.no, n
  )
  select pg_notify('${NOTIFY_CHANNEL}', payload)
  from (select 'compute:' as payload where exists (select from started) union all select 'run:' || id from started) w`;

const PAGE = 1000;

/**
 * Exact with any number of callers: an advisory lock lets one at a time count what runs and choose, and whoever waited
 * for it reads what the one before committed. Cancelling needs only the run's own row, which is skipped while it is locked.
 */
export async function dequeue(
  database: Database,
  limits: QueueLimits,
  max: number,
  now: number,
): Promise<string[]> {
  if (max <= 0 || limits.maxConcurrentRuns === 0) return [];
  return database.transaction(async (session) => {
    await session.rows("select pg_advisory_xact_lock($1, $2)", LOCKS.queue);
    const running = await readRunning(session, limits);
    const chosen: string[] = [];
    let use: PoolUse | undefined;
    let after = { priority: 2 ** 31 - 1, no: 0 };
    while (room(limits, running.length, max - chosen.length) > 0) {
      // Rows that are looked at are locked: without tag limits and pools every row that is looked at is taken.
      const size =
        limits.tagLimits.length > 0 || use
          ? PAGE
          : Math.min(PAGE, room(limits, running.length, max - chosen.length));
      const page = await session.rows<QueuedRun & { no: number }>(QUEUED, [after.priority, -after.no, size]);
      if (page.some(({ pools }) => pools))
        use ??= await poolUse(session, limits.pools ?? DEFAULT_POOL_SETTINGS);
      const picked = new Set(chooseRuns(page, running, limits, max - chosen.length, use));
      for (const run of page) {
        if (!picked.has(run.runId)) continue;
        running.push({ tags: run.tags });
        if (run.pools && use) use = withTaken(use, poolsTaken(run.pools, limits));
      }
      chosen.push(...picked);
      const last = page.at(-1);
      if (!last || page.length < size) break;
      after = last;
    }
    if (chosen.length > 0) await session.rows(START, [chosen, now]);
    return chosen;
  }, LOCKS.eventIds);
}

function withTaken({ limits, used }: PoolUse, pools: readonly string[]): PoolUse {
  const more = new Map(used);
  for (const pool of pools) more.set(pool, (more.get(pool) ?? 0) + 1);
  return { limits, used: more };
}

function room({ maxConcurrentRuns }: QueueLimits, running: number, max: number): number {
  return maxConcurrentRuns < 0 ? max : Math.min(max, maxConcurrentRuns - running);
}

async function readRunning(
  session: Session,
  limits: QueueLimits,
): Promise<{ tags: Record<string, string> }[]> {
  if (limits.tagLimits.length > 0) return session.rows(RUNNING, [IN_PROGRESS]);
  if (limits.maxConcurrentRuns < 0) return [];
  const [row] = await session.rows<{ count: number }>(RUNNING_COUNT, [IN_PROGRESS]);
  return Array.from({ length: row?.count ?? 0 }, () => ({ tags: {} }));
}
