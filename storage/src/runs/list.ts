import type { RunFilter, RunRecord } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { where } from "./filter.ts";
import { RUN_RECORD } from "./record.ts";

export async function list(
  database: Database,
  filter: RunFilter,
  page: { limit: number; cursor?: string | undefined; ascending?: boolean | undefined },
): Promise<RunRecord[]> {
  const { sql, params, param } = where(filter);
  const beyond =
    page.cursor === undefined
      ? ""
      : `and r.no ${page.ascending ? ">" : "<"} (select no from run where id = ${param(page.cursor)})`;
  return database.rows<RunRecord>(
    `select ${RUN_RECORD} from run r where ${sql} ${beyond}
     order by r.no ${page.ascending ? "asc" : "desc"} limit ${param(page.limit)}`,
    params,
  );
}

export async function count(database: Database, filter: RunFilter): Promise<number> {
  const { sql, params } = where(filter);
  const [row] = await database.rows<{ count: number }>(
    `select count(*)::integer as count from run r where ${sql}`,
    params,
  );
  return row?.count ?? 0;
}
