import type { PartitionsDef } from "../model/definitions.ts";

/** What keys depend on besides the definition. */
export interface PartitionsAt {
  /** Milliseconds since the epoch: windows that end after it are not there yet. */
  now: number;
  /** Present keys of a dynamic partitions definition, in order. */
  dynamic: (name: string) => string[];
}

export declare function partitionKeys(def: PartitionsDef, at: PartitionsAt): string[];
export declare function partitionKeysInRange(
  def: PartitionsDef,
  start: string,
  end: string,
  at: PartitionsAt,
): string[];
