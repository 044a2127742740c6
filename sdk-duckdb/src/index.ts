/** DuckDB for user code: an IO manager that keeps assets as tables, and a resource to query them. */
export { duckdbIoManager } from "./io-manager.ts";
export { type DuckDb, duckdbResource } from "./resource.ts";
export type { Cell, Row } from "./rows.ts";
