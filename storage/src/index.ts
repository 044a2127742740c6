export { FileComputeLog } from "./compute-log/file.ts";
export { openStorage, type StorageOptions } from "./open-storage.ts";
