import { computeLogContract } from "@dagster-operator/engine/testing";
import { afterAll, describe, expect, test } from "@jest/globals";
import { PostgresComputeLog } from "../src/compute-log/postgres.ts";
import type { Database } from "../src/database/database.ts";
import { migrate } from "../src/migrate/migrate.ts";
import { readMigrations } from "../src/migrate/migrations.ts";
import { openDatabase } from "../src/open-storage.ts";
import { withPostgres } from "../src/testing/postgres.ts";

const kinds = {
  Postgres: withPostgres,
  PGlite: async () => ({ url: "memory:", drop: async () => undefined }),
};

describe.each(Object.entries(kinds))("PostgresComputeLog on %s", (_kind, target) => {
  let opened: { database: Database; drop: () => Promise<void> } | undefined;
  async function open(): Promise<Database> {
    if (!opened) {
      const { url, drop } = await target();
      opened = { database: await openDatabase(url), drop };
      await migrate(opened.database, await readMigrations());
    }
    return opened.database;
  }
  afterAll(async () => {
    await opened?.database.close();
    await opened?.drop();
  });
  async function fresh(): Promise<PostgresComputeLog> {
    const database = await open();
    await database.rows("truncate compute_log");
    return new PostgresComputeLog(database);
  }

  computeLogContract(fresh);

  test("a chunk longer than a row may be is kept in several and read across their borders", async () => {
    const log = await fresh();
    const id = { runId: "big", logKey: "worker", stream: "out" } as const;
    const data = Uint8Array.from({ length: 600_000 }, (_, n) => (n * 7) % 251);
    await log.append(id, 0, data);
    const rows = await (await open()).rows<{ size: number }>("select size from compute_log order by start");
    expect(rows.map(({ size }) => size)).toEqual([262_144, 262_144, 75_712]);
    for (const [offset, max] of [
      [262_140, 8],
      [0, 600_000],
      [524_287, 2],
      [599_999, 10],
    ] as const) {
      const read = await log.read(id, offset, max);
      expect(Buffer.compare(read.data, data.subarray(offset, offset + max))).toBe(0);
      expect(read.size).toBe(600_000);
    }
  });
});
