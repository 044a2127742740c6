export { FileComputeLog } from "./compute-log/file.ts";
export { type DatabaseHold, holdDatabase } from "./database/hold.ts";
export { template as prepareTemplate } from "./database/pglite-template.ts";
export { openStorage, openStorageWithLogs } from "./open-storage.ts";
export { openWhenUp } from "./open-when-up.ts";
