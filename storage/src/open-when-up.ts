import { type ComputeLog, type Storage, Unavailable } from "@dagster-operator/engine";
import { openStorageWithLogs, type StorageOptions } from "./open-storage.ts";

export interface PatienceOptions extends StorageOptions {
  /** Milliseconds from now after which it gives up; default never. */
  patienceMs?: number | undefined;
  /** Called before each further try. */
  onWait: (error: Unavailable) => void;
}

const PAUSE_MS = 1_000;

/**
 * The database of a server that may come up later than this process, migrated.
 * @throws Unavailable it did not answer in time · whatever `openStorage` throws
 */
export async function openWhenUp(
  url: string,
  { patienceMs = Number.POSITIVE_INFINITY, onWait, ...options }: PatienceOptions,
): Promise<{ storage: Storage; computeLog: ComputeLog }> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await openStorageWithLogs({ url }, options);
    } catch (error) {
      if (!(error instanceof Unavailable) || Date.now() + PAUSE_MS > deadline) throw error;
      onWait(error);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
