import type { PartitionRun } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";

const NEWEST = `
  select distinct on (r.partition ->> 'key') r.partition ->> 'key' as key, r.id as "runId", r.status,
    r.started_at as "startedAt", r.ended_at as "endedAt"
  from run r
  where r.job = $2 and r.location = $1 and r.partition ->> 'key' is not null
  order by r.partition ->> 'key', r.no desc`;

export async function newestByPartition(
  database: Database,
  location: string,
  job: string,
): Promise<Map<string, PartitionRun>> {
  const rows = await database.rows<PartitionRun & { key: string }>(NEWEST, [location, job]);
  return new Map(rows.map(({ key, ...run }) => [key, run]));
}
