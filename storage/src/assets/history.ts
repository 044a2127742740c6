import type { AssetEventRecord, AssetStorage, CheckRecord } from "@dagster-operator/engine";
import type { Database, Parameter } from "../database/database.ts";
import { assetKey } from "../database/json.ts";

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

const CHECK_HISTORY = `
  select id, run_id as "runId", body as event from asset_check_event
  where asset_key = $1 and check_name = $2 and ($3::bigint is null or id < $3) order by id desc limit $4`;

export async function checkHistory(
  database: Database,
  ...[asset, check, page]: Parameters<AssetStorage["checkHistory"]>
): Promise<CheckRecord[]> {
  return database.rows<CheckRecord>(CHECK_HISTORY, [assetKey(asset), check, page.before ?? null, page.limit]);
}
