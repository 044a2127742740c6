export { FileComputeLog } from "./compute-log/file.ts";
export { PostgresComputeLog } from "./compute-log/postgres.ts";
export { type DatabaseHold, holdDatabase } from "./database/hold.ts";
export { template as prepareTemplate } from "./database/pglite-template.ts";
export { openStorage, openStorageWithLogs, type StorageOptions } from "./open-storage.ts";
export { openWhenUp, type PatienceOptions } from "./open-when-up.ts";
