import type { PartitionsAt, PartitionsDef } from "@dagster-operator/sdk/internal";
import type { Storage } from "../ports/storage.ts";
import { dynamicNames } from "../submit/partition.ts";

/** What the keys of these definitions depend on at this time (ms), with the dynamic ones read. */
export async function backfillPartitions(
  storage: Storage,
  defs: readonly (PartitionsDef | null)[],
  now: number,
): Promise<PartitionsAt> {
  const names = new Set(defs.flatMap((def) => (def ? dynamicNames(def) : [])));
  const keys = new Map<string, string[]>();
  for (const name of names) keys.set(name, await storage.assets.dynamicPartitions(name));
  return { now, dynamic: (name) => keys.get(name) ?? [] };
}
