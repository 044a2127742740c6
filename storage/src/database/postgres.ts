import pg from "pg";
import { type Database, NOTIFY_CHANNEL, type Parameter, type Session } from "./database.ts";
import { isLost, isTransient, told } from "./errors.ts";
import { PostgresListener } from "./postgres-listener.ts";

// bigint as number: ids stay below 2^53 for longer than any installation lives.
const types: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: "text" | "binary") =>
    id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
} as pg.CustomTypesConfig;

/** How often a statement or transaction that met a deadlock is tried in all. */
const ATTEMPTS = 5;

export interface PostgresOptions {
  /** Connections of the pool (default 10); one more listens. */
  connections?: number | undefined;
}

/** A Postgres server behind a pool. Everything throws Unavailable while it is away, and works again when it is back. */
export function postgresDatabase(url: string, options: PostgresOptions = {}): Database {
  const name = describe(url);
  const config = {
    connectionString: url,
    types,
    // For a free connection of the pool too: a server that is busy for seconds is not away.
    connectionTimeoutMillis: 15_000,
    application_name: "dagster-operator",
  };
  const pool = new pg.Pool({ ...config, max: options.connections ?? 10, idleTimeoutMillis: 30_000 });
  // A pooled connection that dies while idle is dropped by the pool; whoever asks next gets a new one or Unavailable.
  pool.on("error", () => undefined);
  let listener: PostgresListener | null = null;

  async function transaction<T>(
    work: (client: pg.PoolClient) => Promise<T>,
    shared?: readonly [number, number],
  ): Promise<T> {
    const begin = shared ? `begin; select pg_advisory_xact_lock_shared(${shared[0]}, ${shared[1]})` : "begin";
    for (let attempt = 1; ; attempt++) {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw told(name, error);
      }
      let broken = false;
      // Without a listener a connection that dies between two statements would end the process.
      const onError = () => {
        broken = true;
      };
      client.on("error", onError);
      try {
        await client.query(begin);
        const result = await work(client);
        await client.query("commit");
        return result;
      } catch (error) {
        broken ||= isLost(error);
        if (!broken) {
          await client.query("rollback").catch(() => {
            broken = true;
          });
        }
        if (isTransient(error) && attempt < ATTEMPTS) continue;
        throw told(name, error);
      } finally {
        client.off("error", onError);
        client.release(broken);
      }
    }
  }

  return {
    async rows<Row>(sql: string, params: readonly Parameter[] = []) {
      for (let attempt = 1; ; attempt++) {
        try {
          return (await pool.query(sql, params as unknown[])).rows as Row[];
        } catch (error) {
          if (isTransient(error) && attempt < ATTEMPTS) continue;
          throw told(name, error);
        }
      }
    },
    transaction: (work, shared) => transaction((client) => work(session(client)), shared),
    migrate: (work) =>
      transaction(async (client) =>
        work({
          ...session(client),
          script: async (sql) => {
            await client.query(sql);
          },
        }),
      ),
    listen(onPayload, onLost) {
      listener = new PostgresListener(config, NOTIFY_CHANNEL, onPayload, onLost);
    },
    // The server's autovacuum does it.
    vacuum: async () => undefined,
    async close() {
      await listener?.close();
      await pool.end();
    },
  };
}

function session(client: pg.PoolClient): Session {
  return {
    rows: async <Row>(sql: string, params: readonly Parameter[] = []) =>
      (await client.query(sql, params as unknown[])).rows as Row[],
  };
}

/** The server as a person knows it, without the password. */
export function describe(url: string): string {
  try {
    const { host, hostname, pathname } = new URL(url);
    return `Postgres at ${host || hostname || "local socket"}${pathname}`;
  } catch {
    return "Postgres";
  }
}
