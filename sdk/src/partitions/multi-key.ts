/** Keys of several dimensions: `2024-01-01|eu`, by the dimensions' names in order, as Dagster writes them. */
import type { PartitionsDef } from "../model/definitions.ts";

type Multi = Extract<PartitionsDef, { kind: "multi" }>;
export type Dimension = Multi["dimensions"][number];

export function dimensionsOf(def: Multi): Dimension[] {
  return [...def.dimensions].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const joinKey = (parts: readonly string[]): string => parts.join("|");

/** Each dimension with its part of the key; null when the number of parts is wrong. */
export function splitKey(def: Multi, key: string): (Dimension & { key: string })[] | null {
  const parts = key.split("|");
  const dimensions = dimensionsOf(def);
  if (parts.length !== dimensions.length) return null;
  return dimensions.map((dimension, i) => ({ ...dimension, key: parts[i] ?? "" }));
}
