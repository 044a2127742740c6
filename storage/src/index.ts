export { FileComputeLog } from "./compute-log/file.ts";
export { template as prepareTemplate } from "./database/pglite-template.ts";
export { openStorage, type StorageOptions } from "./open-storage.ts";
