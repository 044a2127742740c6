import type { FoldResult } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { Session } from "../database/database.ts";
import { assetKey, json } from "../database/json.ts";

// The batch is found by its range of numbers: the planner takes that for an index, a list of numbers it may not.
// Rows are written in the order of their keys, so two runs of the same assets seldom wait for each other crosswise.
const WRITE = `
  with stored as materialized (
    select seq, id, body from event where run_no = $1 and producer = $3 and seq between $4 and $5
  ), history as (
    insert into asset_event (id, asset_key, kind, partition, run_id, body)
    select stored.id, h.key, h.kind, h.partition, $2, stored.body
    from json_to_recordset($6::json) as h (seq integer, key text, kind text, partition text) join stored using (seq)
  ), change as materialized (
    select c.key, c.partition, c.planned, c.status, m.id as made, o.id as observed
    from json_to_recordset($7::json) as c (key text, partition text, planned boolean, status text,
      materialization integer, observation integer)
    left join stored m on m.seq = c.materialization
    left join stored o on o.seq = c.observation
  ), marked as (
    insert into run_asset (run_no, asset_key, partition, open, made)
    select $1, key, partition, coalesce(status = 'IN_PROGRESS', false), made is not null
    from change where planned or made is not null
    order by key, partition
    on conflict (run_no, asset_key, partition) do update
      set open = (run_asset.open or excluded.open) and not (run_asset.made or excluded.made),
        made = run_asset.made or excluded.made
    returning asset_key as key, partition, made
  ), assets as (
    insert into asset as a (key, last_materialization, last_observation, last_run_id)
    select key, max(made), max(observed), case when bool_or(planned) then $2 end
    from change group by key order by key
    on conflict (key) do update
      set last_materialization = greatest(a.last_materialization, excluded.last_materialization),
        last_observation = greatest(a.last_observation, excluded.last_observation),
        last_run_id = coalesce(excluded.last_run_id, a.last_run_id),
        last_run_failed = a.last_run_failed and excluded.last_run_id is null and excluded.last_materialization is null
  )
  insert into asset_partition as p (asset_key, partition, status, run_id, last_materialization)
  select c.key, c.partition, case when m.made then 'MATERIALIZED' else c.status end, $2, c.made
  from change c left join marked m using (key, partition)
  where c.partition <> '' and c.status is not null
  order by c.key, c.partition
  on conflict (asset_key, partition) do update
    -- Made by one run while another is still at it: the other holds the partition until it ends.
    set (status, run_id) = (select
        case when held then p.status else excluded.status end, case when held then p.run_id else excluded.run_id end
      from (select p.status = 'IN_PROGRESS' and excluded.status = 'MATERIALIZED' and p.run_id <> excluded.run_id) as h (held)),
      last_materialization = greatest(p.last_materialization, excluded.last_materialization)`;

/** Folds a stored batch into asset history and the state of assets and partitions: one statement. */
export async function writeAssets(
  session: Session,
  at: { runNo: number; runId: string; producer: string; lastSeq: number },
  events: readonly RunEvent[],
  changes: FoldResult["assets"],
): Promise<void> {
  const history = events.flatMap((event, index) =>
    event.type === "ASSET_MATERIALIZATION" || event.type === "ASSET_OBSERVATION"
      ? [
          {
            seq: at.lastSeq + 1 + index,
            key: assetKey(event.asset),
            kind: event.type === "ASSET_MATERIALIZATION" ? "materialization" : "observation",
            partition: event.partition ?? "",
          },
        ]
      : [],
  );
  await session.rows(WRITE, [
    at.runNo,
    at.runId,
    at.producer,
    at.lastSeq + 1,
    at.lastSeq + events.length,
    json(history),
    json(changes.map((c) => ({ ...c, key: assetKey(c.asset), partition: c.partition ?? "" }))),
  ]);
}
