export { installDebianPackage } from "./debian-package.ts";
export { openMemoryStorage } from "./memory.ts";
export { type TestDatabase, withPostgres } from "./postgres.ts";
export { startPostgres } from "./postgres-server.ts";
export { steadyPort } from "./steady-port.ts";
