import type { BackfillRun } from "@dagster-operator/engine";
import type { RunEvent, RunStatus } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { assetPath, json } from "../database/json.ts";
import { LOCKS } from "../database/locks.ts";

const OF = "select run_no from run_tag where key = 'dagster/backfill' and value = $1";

// Failed runs of which nobody has decided yet whether they are retried, or whose retry waits for its code location.
const RUNS = `
  with undecided as materialized (
    select run_no as no from event
    where type = 'RUN_FAILURE' and id > (select position from loop_cursor where loop = 'retry')
    union all
    select r.no from notice n join run r on r.id = n.run_id where n.loop = 'retry' and n.ended_at is null
  )
  select r.id as "runId", r.location, r.status, r.assets, r.partition,
    coalesce(r.tags ->> 'dagster/will_retry' = 'true', false) or r.no in (select no from undecided) as "willRetry",
    case when r.status in ('SUCCESS', 'FAILURE', 'CANCELED') then (
      select json_agg(json_build_array(a.asset_key, a.partition)) from run_asset a
      where a.run_no = r.no and a.made = (r.status <> 'SUCCESS')
    ) end as exceptions
  from run r where r.no in (${OF}) order by r.no`;

// What the fold does of RUN_CANCELED to a run that has neither steps nor a plan. A run that leaves the queue now is skipped.
const CANCEL = `
  with picked as materialized (
    select no from run where no in (${OF}) and status = 'QUEUED' order by no for update skip locked
  ), canceled as (
    update run r set status = 'CANCELED', ended_at = $2, updated_at = $2 from picked where r.no = picked.no
    returning r.no, r.id
  ), told as (
    insert into event (run_no, producer, seq, type, ts, body)
    select c.no, 'queue', e.seq + 1, 'RUN_CANCELED', $2, $3::json
    from canceled c
    cross join lateral (select coalesce(max(seq), 0) as seq from event where run_no = c.no and producer = 'queue') e
    order by c.no
  )
  select c.id, pg_notify('${NOTIFY_CHANNEL}', 'run:' || c.id) from canceled c`;

export async function runsOf(database: Database, backfillId: string): Promise<BackfillRun[]> {
  const rows = await database.rows<{
    runId: string;
    location: string;
    status: RunStatus;
    willRetry: boolean;
    assets: string[][] | null;
    partition: BackfillRun["partition"];
    exceptions: [string, string][] | null;
  }>(RUNS, [backfillId]);
  return rows.map(({ exceptions, ...run }) => ({
    ...run,
    exceptions: (exceptions ?? []).map(([asset, partition]) => ({ asset: assetPath(asset), partition })),
  }));
}

export async function cancelQueuedRuns(
  database: Database,
  backfillId: string,
  reason: string,
  now: number,
): Promise<number> {
  const event: RunEvent = { type: "RUN_CANCELED", ts: now, level: "INFO", message: reason };
  const canceled = await database.transaction(
    (session) => session.rows(CANCEL, [backfillId, now, json(event)]),
    LOCKS.eventIds,
  );
  return canceled.length;
}
