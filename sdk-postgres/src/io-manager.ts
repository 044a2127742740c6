import {
  addressText,
  ioManager,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
  z,
} from "@dagster-operator/sdk";
import type { Row } from "./columns.ts";
import { openPool } from "./database.ts";
import { loadRows, storeRows, type Table, textOf } from "./tables.ts";

function tableOf(address: ValueAddress, schema: string): Table {
  const path = address.assetKey;
  if (path === undefined)
    throw new TypeError(
      `${addressText(address)} is no asset: the Postgres IO manager keeps assets as tables; give the op's output another IO manager`,
    );
  return { schema: path.slice(0, -1).join("_") || schema, name: path.at(-1) ?? "" };
}

/**
 * Keeps each asset as one table: `["raw", "orders"]` is `raw.orders`. A value is an array of flat row objects (strings, numbers,
 * booleans, Dates, nulls). A materialization replaces all rows, a partition its own only, in one transaction.
 */
export const postgresIoManager = ioManager({
  type: "postgres",
  description: "Keeps assets as tables of a Postgres database",
  config: z.object({
    url: z.string().min(1).describe("postgres://user:password@host/database; give it as env(…)"),
    schema: z.string().min(1).default("public").describe("Of assets whose key has one part"),
  }),
  create: ({ config, runId }) => {
    const pool = openPool(config.url, `dagster-operator run ${runId}`);
    return {
      async handleOutput(context, value) {
        const table = tableOf(context, config.schema);
        if (!Array.isArray(value))
          throw new TypeError(
            `${addressText(context)} is ${value === null ? "null" : `a value of type ${typeof value}`}: a table is made of an array of row objects`,
          );
        const rows = value as Row[];
        const columns = await storeRows(pool, context.signal, table, rows, context.partitionKey).catch(
          (cause: Error) => {
            throw new Error(`${addressText(context)} (table ${textOf(table)}): ${cause.message}`, { cause });
          },
        );
        context.metadata({
          table: textOf(table),
          rows: rows.length,
          columns: [...columns.keys()].join(", "),
        });
      },
      async loadInput(context) {
        const table = tableOf(context, config.schema);
        const rows = await loadRows(pool, context.signal, table, context.partitionKey);
        if (rows === null)
          throw new ValueNotStored(
            `${addressText(context)} is not stored in table ${textOf(table)}; ${whenNotStored(context)}`,
          );
        return rows;
      },
      [Symbol.asyncDispose]: () => pool.end(),
    };
  },
});
