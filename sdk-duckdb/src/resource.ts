import { resource, z } from "@dagster-operator/sdk";
import { withConnection } from "./database.ts";
import { type Cell, type Row, readRows } from "./rows.ts";

/** SQL on a DuckDB file. */
export interface DuckDb {
  /** Rows of a query; parameters are named `$name` in the SQL. Whole numbers come as numbers where they fit. */
  query<T extends Record<string, Cell> = Row>(
    sql: string,
    parameters?: Record<string, string | number | boolean | null>,
  ): Promise<T[]>;
  /** Statements that change something. */
  execute(sql: string): Promise<void>;
}

/**
 * A DuckDB file to query. It is opened for each call and let go, because DuckDB lets one process at a time hold a file and
 * steps may run in several.
 */
export const duckdbResource = resource({
  type: "duckdb",
  description: "SQL on a DuckDB file",
  config: z.object({ path: z.string().min(1).describe("The DuckDB file; made when it is not there") }),
  create: ({ config, signal }): DuckDb => ({
    query: <T extends Record<string, Cell>>(sql: string, parameters = {}) =>
      withConnection(config.path, (connection) => readRows(connection, sql, parameters) as Promise<T[]>, {
        signal,
      }),
    execute: async (sql) => {
      await withConnection(config.path, (connection) => connection.run(sql), { write: true, signal });
    },
  }),
});
