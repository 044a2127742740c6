import { Client, Pool, type PoolClient, types } from "pg";

/** Steps of a process that read or write at once; each run is a few connections and no more. */
const CONNECTIONS = 4;

const INT8 = 20;
/** Whole numbers come as numbers where they fit, else as bigint; everything else as `pg` gives it. */
const parsers = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8
      ? (text: string) => {
          const value = Number(text);
          return Number.isSafeInteger(value) ? value : BigInt(text);
        }
      : types.getTypeParser(oid, format as "text")) as typeof types.getTypeParser,
};

/** Connections are opened when they are first needed, and closed by `end()`. */
export function openPool(url: string, applicationName: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: applicationName,
    types: parsers,
    connectionTimeoutMillis: 30_000,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced at the next use; without a listener it would end the process.
  pool.on("error", () => undefined);
  return pool;
}

/**
 * One connection for `use`, in one transaction. When the run is cancelled the server is told to stop the statement.
 * @throws with the server's word, and what to do where there is something
 */
export async function transaction<T>(
  pool: Pool,
  signal: AbortSignal,
  use: (connection: PoolClient) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const connection = await pool.connect().catch((cause: unknown) => {
    throw told(cause);
  });
  const cancel = () => void cancelStatement(pool, connection);
  signal.addEventListener("abort", cancel, { once: true });
  let broken: Error | undefined;
  try {
    await connection.query("BEGIN");
    const result = await use(connection);
    await connection.query("COMMIT");
    return result;
  } catch (cause) {
    await connection.query("ROLLBACK").catch((error: Error) => {
      broken = error;
    });
    throw told(cause);
  } finally {
    signal.removeEventListener("abort", cancel);
    connection.release(broken);
  }
}

async function cancelStatement(pool: Pool, connection: PoolClient): Promise<void> {
  const { processID } = connection as unknown as { processID: number };
  const other = new Client({ connectionString: String(pool.options.connectionString) });
  try {
    await other.connect();
    await other.query("SELECT pg_cancel_backend($1)", [processID]);
  } catch {
    // The step is given up either way; the server ends the statement when the connection closes.
  } finally {
    await other.end();
  }
}

const todo: Record<string, string> = {
  ECONNREFUSED: "nothing listens there: check host and port of the URL",
  ENOTFOUND: "there is no such host: check the URL",
  "28P01": "the password is wrong: check the URL",
  "28000": "the user may not connect: check the URL",
  "3D000": "make the database, or name another in the URL",
  "42501": "the user needs CREATE on the database or the schema, and to own its tables",
  "2BP01": "something depends on a column that is no longer stored: drop or change it first",
};

/** The server's word, with what to do where there is something. */
export function told(cause: unknown): Error {
  const { code, message } = cause as Error & { code?: string };
  const known = code === undefined ? undefined : todo[code];
  if (known === undefined) return cause as Error;
  return new Error(`${message || code} — ${known}`, { cause });
}

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
