import type { AssetStorage, PartitionStatus } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { assetKey, assetPath, plain } from "../database/json.ts";
import { checkHistory, checkStates, checks, history } from "./history.ts";
import { newestOf } from "./newest.ts";
import { reportExternal } from "./report-external.ts";
import { states } from "./states.ts";
import { wipe } from "./wipe.ts";

const PARTITIONS =
  "select partition, status from asset_partition where asset_key = $1 and status is not null";

const PARTITION_STATES = `
  select asset_key as key, partition, status, last_materialization as "lastMaterialization"
  from asset_partition where asset_key = any($1::text[])`;

const DYNAMIC = "select key from dynamic_partition where name = $1 order by no";

const ADD_DYNAMIC = `
  with added as (
    insert into dynamic_partition (name, key) select $1, key from unnest($2::text[]) with ordinality as k (key, n)
    order by n on conflict (name, key) do nothing returning key
  ), told as (select pg_notify('${NOTIFY_CHANNEL}', 'asset:') where exists (select from added))
  select key, (select count(*) from told) as told from added`;

const DELETE_DYNAMIC = `
  with deleted as (
    delete from dynamic_partition where name = $1 and key = any($2::text[]) returning key
  ), told as (select pg_notify('${NOTIFY_CHANNEL}', 'asset:') where exists (select from deleted))
  select key, (select count(*) from told) as told from deleted`;

export function assetStorage(database: Database): AssetStorage {
  return {
    states: (keys) => states(database, keys),
    history: (key, page) => history(database, key, page),
    newest: (asks) => newestOf(database, asks),
    async partitions(key) {
      const rows = await database.rows<{ partition: string; status: PartitionStatus }>(PARTITIONS, [
        assetKey(key),
      ]);
      return new Map(rows.map(({ partition, status }) => [partition, status]));
    },
    async partitionStates(keys) {
      type Row = Omit<Awaited<ReturnType<AssetStorage["partitionStates"]>>[number], "key"> & { key: string };
      const rows = await database.rows<Row>(PARTITION_STATES, [keys.map(assetKey)]);
      return rows.map(({ key, ...state }) => ({ key: assetPath(key), ...state }));
    },
    checks: (assets) => checks(database, assets),
    checkStates: (assets) => checkStates(database, assets),
    checkHistory: (asset, check, page) => checkHistory(database, asset, check, page),
    reportExternal: (event) => reportExternal(database, event),
    wipe: (key, partitions) => wipe(database, key, partitions),
    async dynamicPartitions(name) {
      return (await database.rows<{ key: string }>(DYNAMIC, [name])).map(({ key }) => key);
    },
    async addDynamicPartitions(name, keys) {
      if (keys.length === 0) return [];
      return (await database.rows<{ key: string }>(ADD_DYNAMIC, [name, keys.map(plain)])).map(
        ({ key }) => key,
      );
    },
    async deleteDynamicPartitions(name, keys) {
      if (keys.length === 0) return [];
      return (await database.rows<{ key: string }>(DELETE_DYNAMIC, [name, keys])).map(({ key }) => key);
    },
  };
}
