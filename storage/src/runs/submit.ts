import { type NewRun, priorityOf, type RunStorage } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { json } from "../database/json.ts";
import { LOCKS } from "../database/locks.ts";
import { merged } from "../database/merged.ts";

// A run whose id or idempotency key is taken (also by one that retention has removed) is left out; the caller looks those up in a statement of its own, because
// this one does not see what another transaction commits meanwhile.
const SUBMIT = `
  with given as materialized (
    select * from json_to_recordset($1::json) as g (n integer, "runId" text, location text, job text, assets json,
      checks json, steps json, "runConfig" json, tags jsonb, partition json, "parentRunId" text, "rootRunId" text,
      known json, "codeVersion" text, "idempotencyKey" text, priority integer, pools json, event json)
  ), created as (
    insert into run (id, location, job, status, priority, assets, checks, steps, run_config, tags, partition,
      parent_run_id, root_run_id, known, code_version, idempotency_key, pools, created_at, updated_at)
    select "runId", location, job, 'QUEUED', priority, assets, checks, steps, "runConfig", tags, partition,
      "parentRunId", "rootRunId", known, "codeVersion", "idempotencyKey", pools, $2, $2
    from given where not exists (select from spent_key s where s.key = md5("idempotencyKey")::uuid) order by n
    on conflict do nothing
    returning no, id, tags
  ), tagged as (
    insert into run_tag (key, value, run_no) select t.key, t.value, c.no from created c, jsonb_each_text(c.tags) t
  ), told as (
    insert into event (run_no, producer, seq, type, ts, body)
    select c.no, 'queue', 1, 'RUN_ENQUEUED', $2, g.event
    from created c join given g on g."runId" = c.id order by c.no
  ), woken as (
    select pg_notify('${NOTIFY_CHANNEL}', payload) from (
      select 'queue:' as payload where exists (select from created)
      union all select 'run:' || id from created) w
  )
  select c.id, (select count(*) from woken) as woken from created c`;

const KNOWN = `
  select id as "runId", idempotency_key as "idempotencyKey" from run
  where id = any($1::text[]) or idempotency_key = any($2::text[])`;

/** Many callers share a transaction. */
export function submitter(database: Database, now: () => number): RunStorage["submit"] {
  return merged(async (calls: readonly NewRun[][]) => {
    const answers = await submit(database, calls.flat(), now());
    let from = 0;
    return calls.map(({ length }) => {
      from += length;
      return answers.slice(from - length, from);
    });
  });
}

async function submit(
  database: Database,
  runs: readonly NewRun[],
  now: number,
): Promise<{ runId: string; created: boolean }[]> {
  if (runs.length === 0) return [];
  const rows = runs.map((run, n) => ({
    ...run,
    n,
    priority: priorityOf(run.tags),
    event: enqueued(run, now),
  }));
  const inserted = await database.transaction(
    (session) => session.rows<{ id: string }>(SUBMIT, [json(rows), now]),
    LOCKS.eventIds,
  );
  const created = new Set(inserted.map(({ id }) => id));
  const first = new Map<string, string>();
  for (const { runId, idempotencyKey } of runs) {
    if (idempotencyKey !== null && created.has(runId)) first.set(idempotencyKey, runId);
  }
  const missing = runs.filter(({ runId }) => !created.has(runId));
  if (missing.length > 0) {
    const known = await database.rows<{ runId: string; idempotencyKey: string | null }>(KNOWN, [
      missing.map(({ runId }) => runId),
      missing.flatMap(({ idempotencyKey }) => idempotencyKey ?? []),
    ]);
    for (const { runId, idempotencyKey } of known) {
      if (idempotencyKey !== null) first.set(idempotencyKey, runId);
    }
  }
  return runs.map(({ runId, idempotencyKey }) =>
    created.delete(runId)
      ? { runId, created: true }
      : { runId: (idempotencyKey !== null && first.get(idempotencyKey)) || runId, created: false },
  );
}

function enqueued(run: NewRun, now: number): RunEvent {
  return { type: "RUN_ENQUEUED", ts: now, level: "INFO", message: `Run of ${run.job} is in the queue.` };
}
