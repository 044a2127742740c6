import type { PartitionsDef } from "../model/definitions.ts";

/** What keys depend on besides the definition. */
export interface PartitionsAt {
  /** Milliseconds since the epoch: windows that end after it are not there yet. */
  now: number;
  /** Present keys of a dynamic partitions definition, in order. */
  dynamic: (name: string) => string[];
}

export function partitionKeys(def: PartitionsDef, at: PartitionsAt): string[] {
  if (def.kind === "static") return def.keys;
  if (def.kind === "dynamic") return at.dynamic(def.name);
  throw new Error(`partitions of kind ${def.kind} are not supported yet`);
}
export function partitionKeysInRange(
  def: PartitionsDef,
  start: string,
  end: string,
  at: PartitionsAt,
): string[] {
  const keys = partitionKeys(def, at);
  return keys.slice(keys.indexOf(start), keys.indexOf(end) + 1);
}
