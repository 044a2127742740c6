export { openStorage, type StorageOptions } from "./open-storage.ts";
