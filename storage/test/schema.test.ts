import { readFile, writeFile } from "node:fs/promises";
import { InvalidInput } from "@dagster-operator/engine";
import { afterEach, expect, test } from "@jest/globals";
import type { Database } from "../src/database/database.ts";
import { migrate } from "../src/migrate/migrate.ts";
import { type Migration, readMigrations } from "../src/migrate/migrations.ts";
import { openDatabase, openStorage } from "../src/open-storage.ts";
import { withPostgres } from "../src/testing/postgres.ts";
import { schemaDump } from "./schema-dump.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
async function emptyPostgres(): Promise<string> {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  return url;
}
async function opened(target: string): Promise<Database> {
  const database = await openDatabase(target);
  cleanups.unshift(() => database.close());
  return database;
}
const versions = async (database: Database) =>
  (await database.rows<{ version: number }>("select version from schema_migration order by 1")).map(
    ({ version }) => version,
  );

test.each(["Postgres", "PGlite"])("the migrations make what schema.sql says on %s", async (kind) => {
  const database = await opened(kind === "Postgres" ? await emptyPostgres() : "memory:");
  await migrate(database, await readMigrations());
  const dump = await schemaDump(database);
  const file = new URL("../schema.sql", import.meta.url);
  if (process.env.UPDATE_SCHEMA && kind === "Postgres") await writeFile(file, dump);
  expect(dump).toBe(await readFile(file, "utf8"));
});

test("processes that start at once migrate an empty database once", async () => {
  const url = await emptyPostgres();
  const storages = await Promise.all(Array.from({ length: 6 }, () => openStorage(url)));
  for (const storage of storages) await storage.close();
  expect(await versions(await opened(url))).toEqual((await readMigrations()).map(({ version }) => version));
});

test("a database that is newer than this version is refused by its number", async () => {
  const url = await emptyPostgres();
  await (await openStorage(url)).close();
  const database = await opened(url);
  await database.rows("insert into schema_migration (version, name) values (9999, '9999_future.sql')");
  const newest = (await readMigrations()).length;
  const refused = openStorage(url);
  await expect(refused).rejects.toBeInstanceOf(InvalidInput);
  await expect(refused).rejects.toThrow(
    `database is at migration 9999, this version knows 1–${newest}: upgrade dagster-operator`,
  );
});

test("a migration that fails leaves the database as it was", async () => {
  const database = await opened(await emptyPostgres());
  const good: Migration = { version: 1, name: "0001_good.sql", sql: "create table good (a integer);" };
  const bad: Migration = {
    version: 2,
    name: "0002_bad.sql",
    sql: "create table bad (a integer); select 1 / 0;",
  };
  await expect(migrate(database, [good, bad])).rejects.toThrow("division by zero");
  expect(await database.rows("select 1 from pg_tables where schemaname = 'public'")).toEqual([]);
  await migrate(database, [good]);
  await migrate(database, [good, { ...bad, sql: "create table bad (a integer);" }]);
  expect(await versions(database)).toEqual([1, 2]);
});
