import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { ComputeLog, Storage } from "@dagster-operator/engine";
import { PostgresComputeLog } from "./compute-log/postgres.ts";
import type { Database } from "./database/database.ts";
import { openFolder, openTemporary } from "./database/pglite-folder.ts";
import { postgresDatabase } from "./database/postgres.ts";
import { storageOver } from "./database/storage.ts";
import { migrate } from "./migrate/migrate.ts";
import { readMigrations } from "./migrate/migrations.ts";

export interface StorageOptions {
  /** Connections of the Postgres pool (default 10); one more listens. Nothing to an embedded database. */
  connections?: number | undefined;
  /** Who writes control-plane events; unique among live processes. Default `control-plane:<random>`. */
  producer?: string | undefined;
  /** Milliseconds since the epoch (default Date.now). */
  now?: (() => number) | undefined;
}

/**
 * Opens and migrates the one database.
 *
 * @param target `postgres://…` a server; `memory:` embedded and gone on close; anything else a folder for an embedded one,
 *   made when absent and held by this process alone until `close`.
 * @throws Conflict another live process has the folder · InvalidInput the database is newer than this version ·
 *   Unavailable the server does not answer
 */
export async function openStorage(
  target: string | { dir: string } | { url: string },
  options: StorageOptions = {},
): Promise<Storage> {
  return over(await openMigrated(target, options), options);
}

/** The same, with the compute logs in this database too: for processes of a cluster, which share no disk. */
export async function openStorageWithLogs(
  target: string | { dir: string } | { url: string },
  options: StorageOptions = {},
): Promise<{ storage: Storage; computeLog: ComputeLog }> {
  const database = await openMigrated(target, options);
  return { storage: over(database, options), computeLog: new PostgresComputeLog(database) };
}

function over(database: Database, options: StorageOptions): Storage {
  return storageOver(
    database,
    options.producer ?? `control-plane:${randomUUID()}`,
    options.now ?? (() => Date.now()),
  );
}

async function openMigrated(
  target: string | { dir: string } | { url: string },
  options: StorageOptions,
): Promise<Database> {
  const database = await openDatabase(target, options);
  try {
    await migrate(database, await readMigrations());
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The database of a target, as it is: not migrated. */
export async function openDatabase(
  target: string | { dir: string } | { url: string },
  options: Pick<StorageOptions, "connections"> = {},
): Promise<Database> {
  if (typeof target === "object") {
    return "url" in target ? postgresDatabase(target.url, options) : openFolder(resolve(target.dir));
  }
  if (/^postgres(ql)?:\/\//.test(target)) return postgresDatabase(target, options);
  if (target === "memory:") return openTemporary();
  return openFolder(resolve(target));
}
