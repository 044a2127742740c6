import { type DuckDBAppender, type DuckDBConnection, DuckDBTimestampValue } from "@duckdb/node-api";
import { quote } from "./database.ts";

/** What a cell may hold. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;
/** One flat row of a table. */
export type Row = Record<string, Cell>;

/** Beside the tables of each schema: which partitions are stored, so that an empty one is not a missing one. */
const LEDGER = "_dagster_partitions";

/** Column that tells which partition wrote a row; loaded rows do not have it. */
const PARTITION_COLUMN = "partition_key";

type ColumnType = "BIGINT" | "DOUBLE" | "VARCHAR" | "BOOLEAN" | "TIMESTAMP";

function typeOf(value: NonNullable<Cell>, where: string): ColumnType {
  switch (typeof value) {
    case "string":
      return "VARCHAR";
    case "boolean":
      return "BOOLEAN";
    case "bigint":
      return "BIGINT";
    case "number":
      return Number.isSafeInteger(value) ? "BIGINT" : "DOUBLE";
    default:
      if (value instanceof Date) return "TIMESTAMP";
      throw new TypeError(
        `${where} is ${Array.isArray(value) ? "an array" : `a value of type ${typeof value}`}: a DuckDB table holds flat rows of strings, numbers, booleans and dates; flatten it or JSON.stringify it`,
      );
  }
}

/** Column names and types of these rows, in order of first appearance; a column of only nulls is VARCHAR. */
export function inferColumns(rows: readonly Row[]): Map<string, ColumnType> {
  const columns = new Map<string, ColumnType | null>();
  rows.forEach((row, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new TypeError(`[${index}] is not an object: a DuckDB table is an array of row objects`);
    }
    for (const [name, value] of Object.entries(row)) {
      const before = columns.get(name) ?? null;
      if (value === null || value === undefined) {
        if (!columns.has(name)) columns.set(name, null);
        continue;
      }
      const type = typeOf(value, `[${index}].${name}`);
      if (before === null || before === type) columns.set(name, type);
      else if ((before === "BIGINT" && type === "DOUBLE") || (before === "DOUBLE" && type === "BIGINT"))
        columns.set(name, "DOUBLE");
      else throw new TypeError(`[${index}].${name} is ${type} but earlier rows hold ${before} there`);
    }
  });
  return new Map([...columns].map(([name, type]) => [name, type ?? "VARCHAR"]));
}

const append: Record<ColumnType, (to: DuckDBAppender, value: NonNullable<Cell>) => void> = {
  BIGINT: (to, value) => to.appendBigInt(BigInt(value as number)),
  DOUBLE: (to, value) => to.appendDouble(Number(value)),
  VARCHAR: (to, value) => to.appendVarchar(String(value)),
  BOOLEAN: (to, value) => to.appendBoolean(Boolean(value)),
  TIMESTAMP: (to, value) =>
    to.appendTimestamp(new DuckDBTimestampValue(BigInt((value as Date).getTime()) * 1000n)),
};

interface Table {
  schema: string;
  name: string;
}
const qualified = ({ schema, name }: Table) => `${quote(schema)}.${quote(name)}`;

async function existingColumns(
  connection: DuckDBConnection,
  { schema, name }: Table,
): Promise<Map<string, string>> {
  const reader = await connection.runAndReadAll(
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $schema AND table_name = $name ORDER BY ordinal_position",
    { schema, name },
  );
  return new Map(reader.getRowObjectsJS().map((row) => [String(row.column_name), String(row.data_type)]));
}

const isColumnType = (type: string): type is ColumnType => type in append;

/**
 * Replaces a table, or the rows of one partition of it, with these rows. Call inside a transaction.
 * A new column is added to a partitioned table, and a whole-number column widens to DOUBLE when fractions arrive.
 * @throws TypeError naming row and column of what a table cannot hold
 */
export async function storeRows(
  connection: DuckDBConnection,
  table: Table,
  rows: readonly Row[],
  partition: string | null,
) {
  const inferred = inferColumns(rows);
  if (inferred.has(PARTITION_COLUMN))
    throw new TypeError(
      `${PARTITION_COLUMN} is the column that dagster-operator writes: name yours otherwise`,
    );
  const ddl = (columns: Map<string, string>) =>
    [...columns].map(([name, type]) => `${quote(name)} ${type}`).join(", ");
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quote(table.schema)}`);
  if (partition === null) {
    // DuckDB knows no table without columns, so an empty result keeps one that loading leaves out.
    const columns = inferred.size > 0 ? inferred : new Map([[PARTITION_COLUMN, "VARCHAR"]]);
    await connection.run(`CREATE OR REPLACE TABLE ${qualified(table)} (${ddl(columns)})`);
  } else {
    await connection.run(
      `CREATE TABLE IF NOT EXISTS ${qualified(table)} (${ddl(new Map([[PARTITION_COLUMN, "VARCHAR"], ...inferred]))})`,
    );
    const existing = await existingColumns(connection, table);
    for (const [name, type] of [[PARTITION_COLUMN, "VARCHAR"] as const, ...inferred]) {
      const before = existing.get(name);
      if (before === undefined)
        await connection.run(`ALTER TABLE ${qualified(table)} ADD COLUMN ${quote(name)} ${type}`);
      else if (before === "BIGINT" && type === "DOUBLE")
        await connection.run(`ALTER TABLE ${qualified(table)} ALTER ${quote(name)} SET DATA TYPE DOUBLE`);
    }
    await connection.run(`DELETE FROM ${qualified(table)} WHERE ${quote(PARTITION_COLUMN)} = $partition`, {
      partition,
    });
  }
  if (partition !== null) {
    const ledger = qualified({ schema: table.schema, name: LEDGER });
    await connection.run(
      `CREATE TABLE IF NOT EXISTS ${ledger} (table_name VARCHAR, partition_key VARCHAR, PRIMARY KEY (table_name, partition_key))`,
    );
    await connection.run(`INSERT OR IGNORE INTO ${ledger} VALUES ($name, $partition)`, {
      name: table.name,
      partition,
    });
  }
  const columns = await existingColumns(connection, table);
  const appender = await connection.createAppender(table.name, table.schema);
  for (const [index, row] of rows.entries()) {
    for (const [name, type] of columns) {
      const value = name === PARTITION_COLUMN ? partition : row[name];
      if (value === null || value === undefined) appender.appendNull();
      else if (!isColumnType(type))
        throw new TypeError(
          `column ${name} of ${table.schema}.${table.name} has type ${type}, which this IO manager does not write`,
        );
      else {
        const given = typeOf(value, `[${index}].${name}`);
        if (given !== type && !(given === "BIGINT" && type === "DOUBLE")) {
          throw new TypeError(
            `[${index}].${name} is ${given} but the column holds ${type}: drop the table or convert the value`,
          );
        }
        append[type](appender, value);
      }
    }
    appender.endRow();
  }
  appender.closeSync();
}

/** Rows of a query as plain objects; whole numbers come as numbers where they fit, else as bigint. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  values: Record<string, string | number | boolean | null> = {},
): Promise<Row[]> {
  const rows = (await connection.runAndReadAll(sql, values)).getRowObjectsJS() as Row[];
  for (const row of rows) {
    for (const name in row) {
      const value = row[name];
      if (
        typeof value === "bigint" &&
        value >= BigInt(Number.MIN_SAFE_INTEGER) &&
        value <= BigInt(Number.MAX_SAFE_INTEGER)
      )
        row[name] = Number(value);
    }
    delete row[PARTITION_COLUMN];
  }
  return rows;
}

const tableExists = async (connection: DuckDBConnection, table: Table) =>
  (await existingColumns(connection, table)).size > 0;

/** Rows of one partition, or of the whole table; null when they were never stored. */
export async function loadRows(
  connection: DuckDBConnection,
  table: Table,
  partition: string | null,
): Promise<Row[] | null> {
  if (!(await tableExists(connection, table))) return null;
  if (partition === null) return readRows(connection, `SELECT * FROM ${qualified(table)}`);
  const rows = await readRows(
    connection,
    `SELECT * FROM ${qualified(table)} WHERE ${quote(PARTITION_COLUMN)} = $partition`,
    { partition },
  );
  return rows.length > 0 || (await isStored(connection, table, partition)) ? rows : null;
}

async function isStored(connection: DuckDBConnection, table: Table, partition: string): Promise<boolean> {
  const ledger = { schema: table.schema, name: LEDGER };
  if (!(await tableExists(connection, ledger))) return false;
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM ${qualified(ledger)} WHERE table_name = $name AND partition_key = $partition`,
    { name: table.name, partition },
  );
  return reader.currentRowCount > 0;
}
