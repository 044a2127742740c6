// Interim door, until the partition definitions land here: only static partitions and single keys work.
import type { PartitionMapping, PartitionsDef } from "../model/definitions.ts";

interface At {
  now: number;
  dynamic: (name: string) => string[];
}
const soon = (what: string): never => {
  throw new Error(`${what}: time partitions are not built in yet`);
};

export function partitionKeys(def: PartitionsDef, at: At): string[] {
  if (def.kind === "static") return def.keys;
  return def.kind === "dynamic" ? at.dynamic(def.name) : soon("partitionKeys");
}
export function partitionKeysInRange(def: PartitionsDef, start: string, end: string, at: At): string[] {
  const keys = partitionKeys(def, at);
  return keys.slice(keys.indexOf(start), keys.indexOf(end) + 1);
}
export function partitionTimeWindow(_def: PartitionsDef, _key: string): { start: Date; end: Date } {
  return soon("partitionTimeWindow");
}
export function lastPartitionEndingAt(_def: PartitionsDef, _instant: number): string | null {
  return soon("lastPartitionEndingAt");
}
export function upstreamPartitionKeys(
  of: At & { downstream: PartitionsDef | null; upstream: PartitionsDef | null; mapping?: PartitionMapping | undefined; keys: string[] },
): string[] | null {
  if (of.upstream === null) return null;
  return of.downstream === null ? partitionKeys(of.upstream, of) : of.keys;
}
