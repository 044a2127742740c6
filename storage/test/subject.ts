import type { Storage } from "@dagster-operator/engine";
import type { StorageSubject } from "@dagster-operator/engine/testing";
import { afterAll } from "@jest/globals";
import type { Database } from "../src/database/database.ts";
import { storageOver } from "../src/database/storage.ts";
import { migrate } from "../src/migrate/migrate.ts";
import { readMigrations } from "../src/migrate/migrations.ts";
import { openDatabase } from "../src/open-storage.ts";
import { withPostgres } from "../src/testing/postgres.ts";

/** Two processes' handles on one database of the real server. */
export function postgresSubject(): StorageSubject {
  return subject(async () => {
    const { url, drop } = await withPostgres();
    return { databases: [await openDatabase(url), await openDatabase(url)], drop };
  });
}

/** The embedded database has one process, so both handles are the same. */
export function pgliteSubject(): StorageSubject {
  return subject(async () => {
    const database = await openDatabase("memory:");
    return { databases: [database], drop: async () => undefined };
  });
}

interface Opened {
  databases: [Database, ...Database[]];
  drop: () => Promise<void>;
}

/** One database for a whole file, emptied for each test: making one takes longer than most tests. */
function subject(open: () => Promise<Opened>): StorageSubject {
  let opened: Opened | null = null;
  let storages: Storage[] = [];
  let empty = "";
  const start = async () => {
    opened = await open();
    const [database] = opened.databases;
    await migrate(database, await readMigrations());
    const tables = await database.rows<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migration'",
    );
    empty = `truncate ${tables.map(({ name }) => name).join(", ")} restart identity`;
    storages = opened.databases.map((each, n) => storageOver(each, `control-plane:${n}`, () => Date.now()));
    return opened;
  };
  afterAll(async () => {
    for (const storage of storages) await storage.close();
    await opened?.drop();
  });
  const handle = (n: number) => {
    const storage = storages.at(n);
    if (!storage) throw new Error("fresh() comes first");
    return storage;
  };
  return {
    async fresh() {
      await (opened ?? (await start())).databases[0].rows(empty);
      return handle(0);
    },
    another: async () => handle(-1),
  };
}
