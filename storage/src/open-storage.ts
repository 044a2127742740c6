import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Storage } from "@dagster-operator/engine";
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
  const database = await openDatabase(target, options);
  try {
    await migrate(database, await readMigrations());
  } catch (error) {
    await database.close();
    throw error;
  }
  return storageOver(
    database,
    options.producer ?? `control-plane:${randomUUID()}`,
    options.now ?? (() => Date.now()),
  );
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
