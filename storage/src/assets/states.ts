import type { AssetEventRecord, AssetState } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { assetKey, assetPath } from "../database/json.ts";

const record = (table: string) =>
  `case when ${table}.id is not null then json_build_object('id', ${table}.id, 'runId', ${table}.run_id, 'event', ${table}.body) end`;

const STATES = `
  select a.key, ${record("m")} as materialization, ${record("o")} as observation,
    a.last_run_id as "lastRunId", a.last_run_failed as "lastRunFailed", coalesce(p.ids, '[]') as "inProgressRunIds"
  from asset a
  left join asset_event m on m.id = a.last_materialization
  left join asset_event o on o.id = a.last_observation
  left join lateral (
    select json_agg(id order by no desc) as ids from (
      select distinct r.id, r.no from run_asset x join run r on r.no = x.run_no where x.asset_key = a.key and x.open) d
  ) p on true
  where $1::text[] is null or a.key = any($1)
  order by a.key`;

export async function states(database: Database, keys?: string[][]): Promise<AssetState[]> {
  const rows = await database.rows<{
    key: string;
    materialization: AssetEventRecord | null;
    observation: AssetEventRecord | null;
    lastRunId: string | null;
    lastRunFailed: boolean;
    inProgressRunIds: string[];
  }>(STATES, [keys ? keys.map(assetKey) : null]);
  return rows.map(({ key, materialization, observation, ...state }) => ({
    key: assetPath(key),
    lastMaterialization: materialization,
    lastObservation: observation,
    ...state,
  }));
}
