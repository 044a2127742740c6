import { InvalidInput } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import type { Migration } from "./migrations.ts";

/**
 * Brings the database to the newest of `migrations` in one transaction; processes that start together wait for the first.
 * @throws InvalidInput the database is newer than `migrations`
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  const newest = migrations.length;
  if ((await versionOf(database)) === newest) return;
  await database.migrate(async (session) => {
    await session.rows("select pg_advisory_xact_lock($1, $2)", LOCKS.migrate);
    await session.script(`create table if not exists schema_migration (
      version integer primary key, name text not null, applied_at timestamptz not null default now())`);
    const [row] = await session.rows<{ version: number }>(
      "select coalesce(max(version), 0) as version from schema_migration",
    );
    const version = row?.version ?? 0;
    if (version > newest) {
      throw new InvalidInput(
        `database is at migration ${version}, this version knows 1–${newest}: upgrade dagster-operator`,
      );
    }
    for (const migration of migrations.slice(version)) {
      await session.script(migration.sql);
      await session.rows("insert into schema_migration (version, name) values ($1, $2)", [
        migration.version,
        migration.name,
      ]);
    }
  });
}

async function versionOf(database: Database): Promise<number> {
  const [found] = await database.rows<{ name: string | null }>(
    "select to_regclass('schema_migration')::text as name",
  );
  if (!found?.name) return 0;
  const [row] = await database.rows<{ version: number | null }>(
    "select max(version) as version from schema_migration",
  );
  return row?.version ?? 0;
}
