import type { FoldResult } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { NOTIFY_CHANNEL, NOW, type Session } from "../database/database.ts";
import { json, plain } from "../database/json.ts";

// Bodies come as one text of lines: JSON has no raw line breaks, and an array literal would have to escape every quote.
const WRITE = `
  with stored as (
    insert into event (run_no, producer, seq, type, step_key, ts, body)
    select $1, $2, $3::integer + n::integer, type, step_key, ts, body
    from unnest($4::text[], $5::text[], $6::double precision[], string_to_array($7, E'\\n')::json[])
      with ordinality as e (type, step_key, ts, body, n)
  ), steps as (
    insert into run_step (run_no, step_key, status, attempts, started_at, ended_at, error)
    select $1, "stepKey", status, attempts, "startedAt", "endedAt", error
    from json_to_recordset($8::json) as s ("stepKey" text, status text, attempts integer,
      "startedAt" double precision, "endedAt" double precision, error json)
    on conflict (run_no, step_key) do update set status = excluded.status, attempts = excluded.attempts,
      started_at = excluded.started_at, ended_at = excluded.ended_at, error = excluded.error
  ), changed as (
    update run set status = r.status, attempt = greatest(run.attempt, r.attempt), started_at = r."startedAt",
      ended_at = r."endedAt", error = r.error, steps_total = r."stepsTotal", steps_done = r."stepsDone",
      planned_assets = coalesce(r."plannedAssets", run.planned_assets), updated_at = ${NOW}
    from json_to_record($9::json) as r (status text, attempt integer, "startedAt" double precision,
      "endedAt" double precision, error json, "stepsTotal" integer, "stepsDone" integer, "plannedAssets" json)
    where run.no = $1 and $9::json is not null
  ), freed as (
    delete from pool_slot where run_no = $1 and ($11::text[] is null or step_key = any($11)) returning pool
  )
  select pg_notify('${NOTIFY_CHANNEL}', payload)
  from (select unnest($10::text[]) union all select distinct 'pool:' || pool from freed) as w (payload)`;

export interface Batch {
  runNo: number;
  runId: string;
  producer: string;
  attempt: number;
  /** Sequence number before the first event. */
  lastSeq: number;
  events: readonly RunEvent[];
}

/** The columns of events, encoded once, so that a repeated transaction does not do it again. */
export interface EncodedEvents {
  types: string[];
  stepKeys: (string | null)[];
  times: number[];
  bodies: string[];
}

export function encodeEvents(events: readonly RunEvent[]): EncodedEvents {
  return {
    types: events.map((event) => event.type),
    stepKeys: events.map((event) => (event.stepKey === undefined ? null : plain(event.stepKey))),
    times: events.map((event) => event.ts),
    bodies: events.map(json),
  };
}

/** Stores the events, the steps and the run's row as folded, frees slots of pools, and wakes who listens: one statement. */
export async function writeBatch(
  session: Session,
  batch: Batch,
  encoded: EncodedEvents,
  folded: FoldResult,
  runChanged: boolean,
): Promise<void> {
  const wake = [`run:${batch.runId}`];
  if (folded.ended) wake.push("queue:");
  if (folded.assets.length > 0 || folded.checks.length > 0 || folded.ended) wake.push(`asset:${batch.runId}`);
  await session.rows(WRITE, [
    batch.runNo,
    batch.producer,
    batch.lastSeq,
    encoded.types,
    encoded.stepKeys,
    encoded.times,
    encoded.bodies.join("\n"),
    json(folded.steps),
    runChanged ? json({ ...folded.run, attempt: batch.attempt, plannedAssets: folded.plannedAssets }) : null,
    wake,
    // A step that ended or waits for its retry gives its slot back, a run that ended all of them.
    folded.ended
      ? null
      : folded.steps.filter(({ status }) => status !== "IN_PROGRESS").map(({ stepKey }) => stepKey),
  ]);
}
