import type { Storage } from "@dagster-operator/engine";
import { openStorage, type StorageOptions } from "../open-storage.ts";

/** The whole storage in this process, empty, gone on close. */
export function openMemoryStorage(options: StorageOptions = {}): Promise<Storage> {
  return openStorage("memory:", options);
}
