/** Rows to tables and back. */
import type { Pool, PoolClient } from "pg";
import { type ColumnType, checkName, inferColumns, PARTITION_COLUMN, type Row, takes } from "./columns.ts";
import { quote, transaction } from "./database.ts";

export interface Table {
  schema: string;
  name: string;
}
export const textOf = ({ schema, name }: Table) => `${schema}.${name}`;
const qualified = ({ schema, name }: Table) => `${quote(schema)}.${quote(name)}`;

/** Beside the tables of each schema: which partitions are stored, so that an empty one is not a missing one. */
const LEDGER = "_dagster_partitions";
const ledgerOf = ({ schema }: Table) => qualified({ schema, name: LEDGER });

/** Rows of one statement: each column is one array parameter. */
const BATCH = 10_000;

/** Held to the end of the transaction, so that writers of the same thing come one after the other. */
const lock = (connection: PoolClient, what: string) =>
  connection.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`dagster-operator ${what}`]);

/** Names and types of the columns, in order; empty when there is no such table. */
async function columnsOf(connection: PoolClient, { schema, name }: Table): Promise<Map<string, string>> {
  const { rows } = await connection.query<{ column_name: string; data_type: string }>(
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position",
    [schema, name],
  );
  return new Map(rows.map((row) => [row.column_name, row.data_type]));
}

const ddl = (columns: ReadonlyMap<string, string>) =>
  [...columns].map(([name, type]) => `${quote(name)} ${type}`).join(", ");

async function ensureSchema(connection: PoolClient, { schema }: Table): Promise<void> {
  // IF NOT EXISTS asks for the right to make one even where it is there.
  const { rowCount } = await connection.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
  if (rowCount === 0) await connection.query(`CREATE SCHEMA ${quote(schema)}`);
}

/**
 * Replaces the table's rows, or those of one partition, with these: all or nothing. A reader sees the old rows until then.
 * @throws TypeError naming row and column of what the table cannot hold
 */
export async function storeRows(
  pool: Pool,
  signal: AbortSignal,
  table: Table,
  rows: readonly Row[],
  partition: string | undefined,
): Promise<Map<string, ColumnType>> {
  checkName(table.schema, "schema");
  checkName(table.name, "table");
  const columns = inferColumns(rows);
  if (partition === undefined) {
    await transaction(pool, signal, async (connection) => {
      await lock(connection, textOf(table));
      await ensureSchema(connection, table);
      const existing = await columnsOf(connection, table);
      if (existing.size === 0) await connection.query(`CREATE TABLE ${qualified(table)} (${ddl(columns)})`);
      else await reshape(connection, table, existing, columns);
      await insert(connection, table, columns, rows, undefined);
    });
    return columns;
  }
  await transaction(pool, signal, async (connection) => {
    await lock(connection, textOf(table));
    await widen(connection, table, columns);
  });
  await transaction(pool, signal, async (connection) => {
    await lock(connection, `${textOf(table)} ${partition}`);
    await connection.query(`DELETE FROM ${qualified(table)} WHERE ${quote(PARTITION_COLUMN)} = $1`, [
      partition,
    ]);
    await insert(connection, table, columns, rows, partition);
    await connection.query(
      `INSERT INTO ${ledgerOf(table)} (table_name, partition_key) VALUES ($1, $2)
       ON CONFLICT (table_name, partition_key) DO UPDATE SET stored_at = now()`,
      [table.name, partition],
    );
  });
  return columns;
}

/** Empties a table and gives it these columns; it stays the same table, with its rights and indexes. */
async function reshape(
  connection: PoolClient,
  table: Table,
  existing: ReadonlyMap<string, string>,
  columns: ReadonlyMap<string, ColumnType>,
): Promise<void> {
  await connection.query(`DELETE FROM ${qualified(table)}`);
  if (columns.size === 0) return; // no rows say nothing about columns
  const changes: string[] = [];
  for (const [name, before] of existing) {
    const type = columns.get(name);
    if (type === undefined || !takes(before, type)) changes.push(`DROP COLUMN ${quote(name)}`);
  }
  for (const [name, type] of columns) {
    const before = existing.get(name);
    if (before === undefined || !takes(before, type)) changes.push(`ADD COLUMN ${quote(name)} ${type}`);
  }
  if (changes.length > 0) await connection.query(`ALTER TABLE ${qualified(table)} ${changes.join(", ")}`);
}

/** Makes the table of a partitioned asset, or what it lacks for these columns. */
async function widen(
  connection: PoolClient,
  table: Table,
  columns: ReadonlyMap<string, ColumnType>,
): Promise<void> {
  await ensureSchema(connection, table);
  const existing = await columnsOf(connection, table);
  const full = new Map<string, string>([[PARTITION_COLUMN, "text NOT NULL"], ...columns]);
  if (existing.size === 0) {
    await connection.query(`CREATE TABLE ${qualified(table)} (${ddl(full)})`);
    await connection.query(`CREATE INDEX ON ${qualified(table)} (${quote(PARTITION_COLUMN)})`);
  } else if (!existing.has(PARTITION_COLUMN)) {
    throw new TypeError(
      `table ${textOf(table)} is there without the column ${PARTITION_COLUMN}, so its rows belong to no partition: drop or rename it, or give the asset another key`,
    );
  }
  // Two tables of one schema may come here at once.
  await lock(connection, ledgerOf(table));
  if ((await columnsOf(connection, { schema: table.schema, name: LEDGER })).size === 0)
    await connection.query(
      `CREATE TABLE ${ledgerOf(table)} (table_name text, partition_key text, stored_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (table_name, partition_key))`,
    );
  if (existing.size === 0) return;
  const changes: string[] = [];
  for (const [name, type] of columns) {
    const before = existing.get(name);
    if (before === undefined) changes.push(`ADD COLUMN ${quote(name)} ${type}`);
    else if (before === "bigint" && type === "double precision")
      changes.push(`ALTER COLUMN ${quote(name)} TYPE double precision`);
    else if (!takes(before, type))
      throw new TypeError(
        `column ${name} of ${textOf(table)} holds ${before} and these rows have ${type}: convert the values, or drop the column or the table`,
      );
  }
  if (changes.length > 0) await connection.query(`ALTER TABLE ${qualified(table)} ${changes.join(", ")}`);
}

async function insert(
  connection: PoolClient,
  table: Table,
  columns: ReadonlyMap<string, ColumnType>,
  rows: readonly Row[],
  partition: string | undefined,
): Promise<void> {
  const names = [...columns.keys()];
  const own = partition === undefined ? [] : [PARTITION_COLUMN];
  const target = [...own, ...names].map(quote).join(", ");
  if (rows.length > 0 && target === "")
    throw new TypeError("rows without any column cannot be kept in a table: give them at least one");
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows.slice(from, from + BATCH);
    const arrays: unknown[] = names.map((name) => batch.map((row) => row[name] ?? null));
    const types = [...columns.values()];
    // A column of our own in front, so that rows without any other still count.
    arrays.push(batch.map((_, index) => index));
    const parameters = [...types, "bigint"].map((type, index) => `$${index + 1}::${type}[]`).join(", ");
    const aliases = [...names.map((_, index) => `c${index}`), "position"];
    const values = [...own.map(() => `$${arrays.length + 1}::text`), ...names.map((_, index) => `c${index}`)];
    await connection.query(
      `INSERT INTO ${qualified(table)} (${target}) SELECT ${values.join(", ")} FROM unnest(${parameters}) AS given(${aliases.join(", ")})`,
      partition === undefined ? arrays : [...arrays, partition],
    );
  }
}

/** Rows of one partition, or of a table without partitions; null when they were never stored. */
export async function loadRows(
  pool: Pool,
  signal: AbortSignal,
  table: Table,
  partition: string | undefined,
): Promise<Row[] | null> {
  return transaction(pool, signal, async (connection) => {
    const columns = await columnsOf(connection, table);
    const { rowCount } = await connection.query(
      "SELECT to_regclass($1) AS oid WHERE to_regclass($1) IS NOT NULL",
      [qualified(table)],
    );
    if (rowCount === 0) return null;
    const names = [...columns.keys()].filter((name) => name !== PARTITION_COLUMN);
    const selected = names.length > 0 ? names.map(quote).join(", ") : "1 AS nothing";
    if (partition === undefined) {
      const { rows } = await connection.query<Row>(`SELECT ${selected} FROM ${qualified(table)}`);
      return rows;
    }
    if (!columns.has(PARTITION_COLUMN)) return null;
    const { rows } = await connection.query<Row>(
      `SELECT ${selected} FROM ${qualified(table)} WHERE ${quote(PARTITION_COLUMN)} = $1`,
      [partition],
    );
    if (rows.length > 0 || (await isStored(connection, table, partition))) return rows;
    return null;
  });
}

async function isStored(connection: PoolClient, table: Table, partition: string): Promise<boolean> {
  if ((await columnsOf(connection, { schema: table.schema, name: LEDGER })).size === 0) return false;
  const { rowCount } = await connection.query(
    `SELECT 1 FROM ${ledgerOf(table)} WHERE table_name = $1 AND partition_key = $2`,
    [table.name, partition],
  );
  return rowCount === 1;
}
