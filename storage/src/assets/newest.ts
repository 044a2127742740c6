import type { AssetEventRecord, NewestAsk } from "@dagster-operator/engine";
import type { Session } from "../database/database.ts";
import { assetKey, json } from "../database/json.ts";

const newest = (where: string) => `
  select a.n, e.id, e.run_id as "runId", e.body as event
  from json_to_recordset($1::json) as a (n integer, key text, kind text, partition text, before bigint)
  cross join lateral (
    select id, run_id, body from asset_event
    where asset_key = a.key and kind = a.kind and id < a.before${where} order by id desc limit 1
  ) e`;
// One index serves assets as a whole, another single partitions: each question has its own statement.
const WHOLE = newest("");
const PARTITIONS = newest(" and partition = a.partition and partition <> ''");

const LAST = Number.MAX_SAFE_INTEGER;

export async function newestOf(
  database: Pick<Session, "rows">,
  asks: readonly NewestAsk[],
): Promise<(AssetEventRecord | null)[]> {
  const found = new Array<AssetEventRecord | null>(asks.length).fill(null);
  const all = asks.map(({ key, kind, partition, before = LAST }, n) => ({
    n,
    key: assetKey(key),
    kind,
    partition,
    before,
  }));
  for (const sql of [WHOLE, PARTITIONS]) {
    const mine = all.filter(({ partition }) => (partition === undefined) === (sql === WHOLE));
    if (mine.length === 0) continue;
    for (const { n, ...record } of await database.rows<AssetEventRecord & { n: number }>(sql, [json(mine)]))
      found[n] = record;
  }
  return found;
}
