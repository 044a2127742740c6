import type { AssetEventRecord, AssetStorage, CheckRecord, CheckState } from "@dagster-operator/engine";
import type { Database, Parameter } from "../database/database.ts";
import { assetKey, assetPath } from "../database/json.ts";

export async function history(
  database: Database,
  ...[key, page]: Parameters<AssetStorage["history"]>
): Promise<AssetEventRecord[]> {
  const params: Parameter[] = [assetKey(key)];
  const param = (value: Parameter) => `$${params.push(value)}`;
  let sql = 'select id, run_id as "runId", body as event from asset_event where asset_key = $1';
  if (page.kind) sql += ` and kind = ${param(page.kind)}`;
  if (page.before !== undefined) sql += ` and id < ${param(page.before)}`;
  if (page.after !== undefined) sql += ` and id > ${param(page.after)}`;
  if (page.ids) sql += ` and id = any(${param(page.ids)}::bigint[])`;
  const partitions = page.partitions ?? (page.partition === undefined ? undefined : [page.partition]);
  if (partitions) sql += ` and partition <> '' and partition = any(${param(partitions)}::text[])`;
  return database.rows<AssetEventRecord>(
    `${sql} order by id ${page.after === undefined ? "desc" : "asc"} limit ${param(page.limit)}`,
    params,
  );
}

const CHECKS = `
  select e.id, e.run_id as "runId", e.body as event
  from asset_check c join asset_check_event e on e.id = c.last_evaluation
  where $1::text[] is null or c.asset_key = any($1) order by c.asset_key, c.check_name`;

export async function checks(database: Database, assets?: string[][]): Promise<CheckRecord[]> {
  return database.rows<CheckRecord>(CHECKS, [assets ? assets.map(assetKey) : null]);
}

const CHECK_STATES = `
  select s.asset_key as key, s.check_name as check, s.partition,
    case when e.id is not null then json_build_object('id', e.id, 'runId', e.run_id,
      'ts', (e.body->>'ts')::double precision, 'passed', (e.body->>'passed')::boolean) end as evaluation,
    case when s.planned is not null then
      json_build_object('id', s.planned, 'runId', s.planned_run, 'status', r.status) end as planned,
    case when m.id is not null then json_build_object('id', m.id, 'runId', m.run_id) end as materialization
  from asset_check_state s
  left join asset_check_event e on e.id = s.evaluation
  left join run r on r.id = s.planned_run
  left join asset a on a.key = s.asset_key and s.partition = ''
  left join asset_partition p on p.asset_key = s.asset_key and p.partition = s.partition and s.partition <> ''
  left join asset_event m on m.id = coalesce(p.last_materialization, a.last_materialization)
  where s.asset_key = any($1::text[]) order by s.asset_key, s.check_name, s.partition`;

export async function checkStates(database: Database, assets: string[][]): Promise<CheckState[]> {
  const rows = await database.rows<Omit<CheckState, "asset"> & { key: string }>(CHECK_STATES, [
    assets.map(assetKey),
  ]);
  return rows.map(({ key, ...state }) => ({ asset: assetPath(key), ...state }));
}

const CHECK_HISTORY = `
  select id, run_id as "runId", body as event from asset_check_event
  where asset_key = $1 and check_name = $2 and ($3::bigint is null or id < $3) order by id desc limit $4`;

export async function checkHistory(
  database: Database,
  ...[asset, check, page]: Parameters<AssetStorage["checkHistory"]>
): Promise<CheckRecord[]> {
  return database.rows<CheckRecord>(CHECK_HISTORY, [assetKey(asset), check, page.before ?? null, page.limit]);
}
