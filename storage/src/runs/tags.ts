import type { Database } from "../database/database.ts";

// A skip scan: one index probe per distinct value, however many runs have it.
const KEYS = `
  with recursive k (key) as (
    (select key from run_tag order by key limit 1)
    union all
    select (select t.key from run_tag t where t.key > k.key order by t.key limit 1) from k where k.key is not null
  )
  select key from k where key is not null`;

const VALUES = `
  with recursive v (value) as (
    (select value from run_tag where key = $1 and value >= $2 order by value limit 1)
    union all
    select (select t.value from run_tag t where t.key = $1 and t.value > v.value order by t.value limit 1)
    from v where v.value is not null and starts_with(v.value, $2)
  )
  select value from v where starts_with(value, $2) limit $3`;

export async function tagKeys(database: Database): Promise<string[]> {
  return (await database.rows<{ key: string }>(KEYS)).map(({ key }) => key);
}

export async function tagValues(
  database: Database,
  key: string,
  prefix: string,
  limit: number,
): Promise<string[]> {
  const rows = await database.rows<{ value: string }>(VALUES, [key, prefix, limit]);
  return rows.map(({ value }) => value);
}
