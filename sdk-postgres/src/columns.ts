/** Which columns rows have, and which types of Postgres hold them. */

/** What a cell may hold. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;
/** One flat row of a table. */
export type Row = Record<string, Cell>;

export type ColumnType = "bigint" | "double precision" | "text" | "boolean" | "timestamp with time zone";

/** Column that tells which partition wrote a row; loaded rows do not have it. */
export const PARTITION_COLUMN = "partition_key";
const MAX_NAME_BYTES = 63;
const MAX_BIGINT = 2n ** 63n;

function typeOf(value: NonNullable<Cell>, where: string): ColumnType {
  switch (typeof value) {
    case "string":
      if (value.includes("\0"))
        throw new TypeError(`${where} has a zero character, which Postgres cannot keep`);
      return "text";
    case "boolean":
      return "boolean";
    case "bigint":
      if (value >= MAX_BIGINT || value < -MAX_BIGINT)
        throw new TypeError(`${where} is ${value}, which is no 64-bit number: keep it as text`);
      return "bigint";
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? "bigint" : "double precision";
    default:
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw new TypeError(`${where} is an invalid Date`);
        return "timestamp with time zone";
      }
      throw new TypeError(
        `${where} is ${Array.isArray(value) ? "an array" : `a value of type ${typeof value}`}: a table holds flat rows of strings, numbers, booleans and dates; flatten it or JSON.stringify it`,
      );
  }
}

/**
 * Columns in order of first appearance; one of only nulls is text.
 * @throws TypeError naming row and column of what a table cannot hold
 */
export function inferColumns(rows: readonly unknown[]): Map<string, ColumnType> {
  const columns = new Map<string, ColumnType | null>();
  rows.forEach((row, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row))
      throw new TypeError(`[${index}] is not an object: a table is an array of row objects`);
    for (const [name, value] of Object.entries(row as Row)) {
      const before = columns.get(name) ?? null;
      if (value === null || value === undefined) {
        if (!columns.has(name)) columns.set(name, null);
        continue;
      }
      const type = typeOf(value, `[${index}].${name}`);
      if (before === null || before === type) columns.set(name, type);
      else if (isNumeric(before) && isNumeric(type)) columns.set(name, "double precision");
      else throw new TypeError(`[${index}].${name} is ${type} but earlier rows hold ${before} there`);
    }
  });
  if (columns.has(PARTITION_COLUMN))
    throw new TypeError(
      `${PARTITION_COLUMN} is the column that dagster-operator writes: name yours otherwise`,
    );
  for (const name of columns.keys()) checkName(name, "column");
  return new Map([...columns].map(([name, type]) => [name, type ?? "text"]));
}

const isNumeric = (type: ColumnType) => type === "bigint" || type === "double precision";

/** Postgres cuts longer names, and two could become one. */
export function checkName(name: string, what: string): void {
  if (name === "" || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new TypeError(
      `${what} name ${JSON.stringify(name)} must have 1 to ${MAX_NAME_BYTES} bytes, as Postgres keeps no more: shorten it`,
    );
}

/** Can a column of this type of the server take values of that type? */
export const takes = (existing: string, type: ColumnType): boolean =>
  existing === type ||
  (type === "bigint" && ["double precision", "numeric"].includes(existing)) ||
  (type === "double precision" && existing === "numeric") ||
  (type === "text" && ["character varying", "character"].includes(existing)) ||
  (type === "timestamp with time zone" && existing === "date");
