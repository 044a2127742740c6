export { openMemoryStorage } from "./memory.ts";
export { findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export { type TestDatabase, withPostgres } from "./postgres.ts";
