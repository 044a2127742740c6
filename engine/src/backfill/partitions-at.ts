import type { PartitionsAt, PartitionsDef } from "@dagster-operator/sdk/internal";
import type { Storage } from "../ports/storage.ts";
import { dynamicNames } from "../submit/partition.ts";

/** Where the keys of dynamic partitions are read. */
export interface DynamicKeys {
  get(name: string): Promise<string[]>;
}

/** What the keys of these definitions depend on at this time (ms), with the dynamic ones read. */
export async function backfillPartitions(
  from: Storage | DynamicKeys,
  defs: readonly (PartitionsDef | null)[],
  now: number,
): Promise<PartitionsAt> {
  const names = new Set(defs.flatMap((def) => (def ? dynamicNames(def) : [])));
  const keys = new Map<string, string[]>();
  for (const name of names)
    keys.set(name, await ("assets" in from ? from.assets.dynamicPartitions(name) : from.get(name)));
  return { now, dynamic: (name) => keys.get(name) ?? [] };
}
