/** Postgres for user code: an IO manager that keeps assets as tables, and a resource to query them. */
export type { Cell, Row } from "./columns.ts";
export { postgresIoManager } from "./io-manager.ts";
export { type Postgres, postgresResource } from "./resource.ts";
