import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { Session } from "../database/database.ts";
import { assetKey, json } from "../database/json.ts";

const WRITE = `
  with evaluation as materialized (
    select e.id, c.key, c.name, c.partition, e.body
    from json_to_recordset($4::json) as c (seq integer, key text, name text, partition text)
    join event e on e.run_no = $1 and e.producer = $3 and e.seq = c.seq
      and e.seq between $5 and $6
  ), history as (
    insert into asset_check_event (id, asset_key, check_name, partition, run_id, body)
    select id, key, name, partition, $2, body from evaluation
  )
  insert into asset_check as c (asset_key, check_name, last_evaluation)
  select key, name, max(id) from evaluation group by key, name order by key, name
  on conflict (asset_key, check_name) do update
    set last_evaluation = greatest(c.last_evaluation, excluded.last_evaluation)`;

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
