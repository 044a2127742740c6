import {
  addressText,
  ioManager,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
  z,
} from "@dagster-operator/sdk";
import { transaction, withConnection } from "./database.ts";
import { inferColumns, loadRows, type Row, storeRows } from "./rows.ts";

function tableOf(address: ValueAddress) {
  const path = address.assetKey;
  if (path === undefined) {
    throw new TypeError(
      `${addressText(address)} is no asset: the DuckDB IO manager keeps assets as tables; give the op's output another IO manager`,
    );
  }
  return { schema: path.slice(0, -1).join("_") || "main", name: path.at(-1) ?? "" };
}

/**
 * Keeps each asset as one table of a DuckDB file: `["raw", "orders"]` is `raw.orders`. A value is an array of flat row
 * objects (strings, numbers, booleans, Dates, nulls). A partition replaces its own rows only, in one transaction.
 */
export const duckdbIoManager = ioManager({
  type: "duckdb",
  description: "Keeps assets as tables of a DuckDB file",
  config: z.object({ path: z.string().min(1).describe("The DuckDB file; made when it is not there") }),
  create: ({ config }) => ({
    async handleOutput(context, value) {
      const table = tableOf(context);
      if (!Array.isArray(value)) {
        throw new TypeError(
          `${addressText(context)} is ${value === null ? "null" : `a value of type ${typeof value}`}: a DuckDB table is made of an array of row objects`,
        );
      }
      const rows = value as Row[];
      await withConnection(
        config.path,
        (connection) =>
          transaction(connection, () => storeRows(connection, table, rows, context.partitionKey ?? null)),
        { write: true, signal: context.signal },
      ).catch((cause: Error) => {
        throw new Error(`${addressText(context)} (table ${table.schema}.${table.name}): ${cause.message}`, {
          cause,
        });
      });
      context.metadata({
        table: `${table.schema}.${table.name}`,
        rows: rows.length,
        columns: [...inferColumns(rows).keys()].join(", "),
      });
    },
    loadInput(context) {
      const table = tableOf(context);
      return withConnection(
        config.path,
        async (connection) => {
          const rows = await loadRows(connection, table, context.partitionKey ?? null);
          if (rows === null)
            throw new ValueNotStored(
              `${addressText(context)} is not stored in table ${table.schema}.${table.name} of ${config.path}; ${whenNotStored(context)}`,
            );
          return rows;
        },
        { signal: context.signal },
      );
    },
  }),
});
