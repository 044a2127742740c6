import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** DuckDB lets one process at a time hold a file, so it is opened for as short as possible and waited for. */
const LOCK_WAIT_MS = 60_000;
/** A file stays open this long after its last use, so that reading fifty partitions does not open it fifty times. */
const LINGER_MS = 50;

interface OpenDatabase {
  instance: Promise<DuckDBInstance>;
  users: number;
  /** Writers of this process one after another: two transactions that make the same schema would conflict. */
  lastWrite: Promise<unknown>;
}
const open = new Map<string, OpenDatabase>();

async function openWhenFree(path: string, signal?: AbortSignal): Promise<DuckDBInstance> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (let wait = 20; ; wait = Math.min(wait * 1.5, 500)) {
    try {
      return await DuckDBInstance.create(path);
    } catch (error) {
      if (!/set lock on file/i.test(String(error))) throw error;
      if (Date.now() > deadline) {
        throw new Error(
          `DuckDB file ${path} was held by another process for ${LOCK_WAIT_MS / 1000} s: close the program that has it open, or run fewer steps at once`,
          { cause: error },
        );
      }
      await sleep(wait * (0.5 + Math.random()), undefined, signal ? { signal } : {});
    }
  }
}

/**
 * Runs `use` with a connection to the file and lets the file go afterwards. Calls in one process share one handle.
 * @throws Error when another process holds the file for a minute
 */
export async function withConnection<T>(
  file: string,
  use: (connection: DuckDBConnection) => Promise<T>,
  options: { write?: boolean; signal?: AbortSignal } = {},
): Promise<T> {
  const path = resolve(file);
  const database = open.get(path) ?? {
    instance: openWhenFree(path, options.signal),
    users: 0,
    lastWrite: Promise.resolve(),
  };
  open.set(path, database);
  database.users++;
  try {
    const instance = await database.instance;
    const run = async () => {
      const connection = await instance.connect();
      try {
        return await use(connection);
      } finally {
        connection.closeSync();
      }
    };
    if (!options.write) return await run();
    const write = database.lastWrite.then(run, run);
    database.lastWrite = write.catch(() => undefined);
    return await write;
  } finally {
    database.users--;
    setTimeout(() => closeIfUnused(path, database), LINGER_MS);
  }
}

function closeIfUnused(path: string, database: OpenDatabase): void {
  if (database.users > 0 || open.get(path) !== database) return;
  open.delete(path);
  database.instance.then(
    (instance) => instance.closeSync(),
    () => undefined, // it never opened; the error went to whoever asked
  );
}

/** Runs `body` in one transaction. */
export async function transaction<T>(connection: DuckDBConnection, body: () => Promise<T>): Promise<T> {
  await connection.run("BEGIN");
  try {
    const result = await body();
    await connection.run("COMMIT");
    return result;
  } catch (error) {
    await connection.run("ROLLBACK");
    throw error;
  }
}

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
