import { env } from "@dagster-operator/sdk";
import { duckdbIoManager, duckdbResource } from "@dagster-operator/sdk-duckdb";

const path = env("WAREHOUSE", { default: ".dagster-operator/warehouse.duckdb" });

/** Query the tables with SQL. */
export const warehouse = duckdbResource.configured({ path });
/** Keeps what an asset returns as table `<prefix>.<name>`. */
export const tables = duckdbIoManager.configured({ path });
