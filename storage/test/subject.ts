import type { Storage } from "@dagster-operator/engine";
import type { StorageSubject } from "@dagster-operator/engine/testing";
import { afterAll, afterEach } from "@jest/globals";
import { storageOver } from "../src/database/storage.ts";
import { migrate } from "../src/migrate/migrate.ts";
import { readMigrations } from "../src/migrate/migrations.ts";
import { openDatabase, openStorage } from "../src/open-storage.ts";
import { withPostgres } from "../src/testing/postgres.ts";

/** A database on the real server for each test. */
export function postgresSubject(): StorageSubject {
  let url = "";
  const cleanups: (() => Promise<void>)[] = [];
  const handle = async () => {
    const storage = await openStorage(url);
    cleanups.unshift(() => storage.close());
    return storage;
  };
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  return {
    async fresh() {
      const database = await withPostgres();
      url = database.url;
      cleanups.push(() => database.drop());
      return handle();
    },
    another: handle,
  };
}

/** One embedded database for the whole file, emptied for each test: starting one takes longer than all its tests. */
export function pgliteSubject(): StorageSubject {
  let storage: Storage | null = null;
  let empty: () => Promise<unknown> = async () => undefined;
  afterAll(async () => {
    await storage?.close();
  });
  return {
    async fresh() {
      if (!storage) {
        const database = await openDatabase("memory:");
        await migrate(database, await readMigrations());
        const tables = await database.rows<{ name: string }>(
          "select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migration'",
        );
        empty = () => database.rows(`truncate ${tables.map(({ name }) => name).join(", ")} restart identity`);
        storage = storageOver(database, "control-plane:test", () => Date.now());
      }
      await empty();
      return storage;
    },
    async another() {
      if (!storage) throw new Error("fresh() comes first");
      return storage;
    },
  };
}
