import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { Session } from "../database/database.ts";
import { assetKey, json, plain } from "../database/json.ts";

const WRITE = `
  with evaluation as materialized (
    select e.id, c.key, c.name, c.partition, e.body
    from json_to_recordset($4::json) as c (seq integer, key text, name text, partition text)
    join event e on e.run_no = $1 and e.producer = $3 and e.seq = c.seq
      and e.seq between $5 and $6
  ), history as (
    insert into asset_check_event (id, asset_key, check_name, partition, run_id, body)
    select id, key, name, partition, $2, body from evaluation
  )  , state as (
    insert into asset_check_state as s (asset_key, check_name, partition, evaluation)
    select key, name, partition, max(id) from evaluation group by key, name, partition order by key, name, partition
    on conflict (asset_key, check_name, partition) do update
      set evaluation = greatest(s.evaluation, excluded.evaluation)
  )
  insert into asset_check as c (asset_key, check_name, last_evaluation)
  select key, name, max(id) from evaluation group by key, name order by key, name
  on conflict (asset_key, check_name) do update
    set last_evaluation = greatest(c.last_evaluation, excluded.last_evaluation)`;

const PLAN = `
  insert into asset_check_state as s (asset_key, check_name, partition, planned, planned_run)
  select distinct c.key, c.name, $5::text, e.id, $2::text
  from json_to_recordset($4::json) as c (seq integer, key text, name text)
  join event e on e.run_no = $1 and e.producer = $3 and e.seq = c.seq
  order by c.key, c.name
  on conflict (asset_key, check_name, partition) do update
    set planned = excluded.planned, planned_run = excluded.planned_run`;

/** The checks that a run has planned. */
export async function planChecks(
  session: Session,
  at: { runNo: number; runId: string; producer: string; lastSeq: number },
  events: readonly RunEvent[],
): Promise<void> {
  for (const [index, event] of events.entries()) {
    if (event.type !== "RUN_PLAN" || !event.checks?.length) continue;
    const seq = at.lastSeq + 1 + index;
    const checks = event.checks.map(({ asset, name }) => ({ seq, key: assetKey(asset), name }));
    const params = [at.runNo, at.runId, at.producer, json(checks), plain(event.partition ?? "")];
    await session.rows(PLAN, params);
  }
}

/** Folds the check evaluations of a stored batch into their history and newest state: one statement. */
export async function writeChecks(
  session: Session,
  at: { runNo: number; runId: string; producer: string; lastSeq: number },
  events: readonly RunEvent[],
): Promise<void> {
  const evaluations = events.flatMap((event, index) =>
    event.type === "ASSET_CHECK_EVALUATION"
      ? [
          {
            seq: at.lastSeq + 1 + index,
            key: assetKey(event.asset),
            name: event.check,
            partition: event.partition ?? "",
          },
        ]
      : [],
  );
  await session.rows(WRITE, [
    at.runNo,
    at.runId,
    at.producer,
    json(evaluations),
    at.lastSeq + 1,
    at.lastSeq + events.length,
  ]);
}
