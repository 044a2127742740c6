import { resource, z } from "@dagster-operator/sdk";
import { openPool, told, transaction } from "./database.ts";

/** SQL on a Postgres database. */
export interface Postgres {
  /** Rows of a statement; parameters are `$1`, `$2`, … in the SQL. Whole numbers come as numbers where they fit, else as bigint. */
  query<T extends object = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<T[]>;
  /** Statements in one transaction: all or nothing. */
  transaction<T>(use: (query: Postgres["query"]) => Promise<T>): Promise<T>;
}

/** A Postgres database to ask; connections are opened when needed and closed with the resource. */
export const postgresResource = resource({
  type: "postgres",
  description: "SQL on a Postgres database",
  config: z.object({
    url: z.string().min(1).describe("postgres://user:password@host/database; give it as env(…)"),
  }),
  create: ({ config, runId, signal }): Postgres & AsyncDisposable => {
    const pool = openPool(config.url, `dagster-operator run ${runId}`);
    return {
      query: async <T extends object>(sql: string, parameters: readonly unknown[] = []) => {
        try {
          return (await pool.query(sql, [...parameters])).rows as T[];
        } catch (cause) {
          throw told(cause);
        }
      },
      transaction: (use) =>
        transaction(pool, signal, (connection) =>
          use(
            async <T extends object>(sql: string, parameters: readonly unknown[] = []) =>
              (await connection.query(sql, [...parameters])).rows as T[],
          ),
        ),
      [Symbol.asyncDispose]: () => pool.end(),
    };
  },
});
