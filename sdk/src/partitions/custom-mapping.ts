/** A partition mapping that is a function of the user's code. */
import type { PartitionMapping, PartitionsDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { couldBePartitionKey, type PartitionsAt, partitionKeys } from "./keys.ts";

/** The mapping cannot be used between these two definitions, or names a partition that cannot be. */
export class PartitionMappingError extends Error {
  override name = "PartitionMappingError";
}

export interface CustomMapping {
  kind: "custom";
  downstreamKeys: (upstreamKey: string) => string | readonly string[];
}
type StaticMapping = Extract<PartitionMapping, { kind: "static" }>;

/**
 * A mapping of your own, from each key of the upstream partitions to the downstream keys that need it. It must give the same for
 * the same key. Of static partitions it is asked when the file is loaded; of others whenever keys come, by the code server.
 * A downstream key that does not exist yet, or any more, is left out; one that can never be is an error.
 * @example
 * assetIn(sales, { mapping: customMapping(countries, (country) => (country === "it" ? ["europe", "south"] : ["europe"])) });
 * assetIn(days, { mapping: customMapping(daily, (day) => fiscalYear(day)) });
 */
export function customMapping<K extends string>(
  upstream: { kind: "static"; keys: readonly K[] },
  downstreamKeys: (upstreamKey: K) => string | readonly string[],
): { kind: "static"; downstreamByUpstream: Record<string, string[]> };
export function customMapping(
  upstream: PartitionsDef,
  downstreamKeys: (upstreamKey: string) => string | readonly string[],
): CustomMapping;
export function customMapping(
  upstream: PartitionsDef | { kind: "static"; keys: readonly string[] },
  downstreamKeys: (upstreamKey: never) => string | readonly string[],
): StaticMapping | CustomMapping {
  const ask = downstreamKeys as CustomMapping["downstreamKeys"];
  if (upstream.kind !== "static") return { kind: "custom", downstreamKeys: ask };
  const entries = upstream.keys.map((key) => [key, [ask(key)].flat()] as const);
  return { kind: "static", downstreamByUpstream: Object.fromEntries(entries) };
}

/** What the function says of these upstream keys. @throws PartitionMappingError for a key that `downstream` can never have */
export function mappingTable(
  { downstreamKeys }: CustomMapping,
  keys: readonly string[],
  downstream: PartitionsDef | null,
): Record<string, string[]> {
  const table: Record<string, string[]> = {};
  for (const key of keys) {
    let named: unknown[];
    try {
      named = [downstreamKeys(key)].flat();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PartitionMappingError(`its custom partition mapping failed for ${key}: ${reason}`, { cause });
    }
    table[key] = named.map((one) => {
      if (typeof one === "string") return one;
      throw new PartitionMappingError(
        `its custom partition mapping gives ${typeof one} for ${key}: give a partition key, or a list of them`,
      );
    });
  }
  const problem = mappingProblem(table, downstream);
  if (problem !== null) throw new PartitionMappingError(problem);
  return table;
}

/** The first key of a table that the downstream definition can never have, in words; null when there is none. */
export function mappingProblem(
  downstreamByUpstream: Record<string, string[]>,
  downstream: PartitionsDef | null,
): string | null {
  if (downstream === null) return null;
  const looked = new Set<string>();
  for (const [key, named] of Object.entries(downstreamByUpstream))
    for (const one of named) {
      if (looked.has(one)) continue;
      looked.add(one);
      if (couldBePartitionKey(downstream, one)) continue;
      const hint = downstream.kind === "static" ? didYouMean(one, downstream.keys) : "";
      return `its partition mapping says that ${key} is needed by partition ${JSON.stringify(one)}, and there is no such partition${hint || writtenAs(downstream)}`;
    }
  return null;
}

function writtenAs(def: PartitionsDef): string {
  if (def.kind === "time_window")
    return `: keys are written ${def.format} and start at ${def.cron} (${def.timezone})`;
  if (def.kind === "static") return `: there are ${def.keys.slice(0, 10).join(", ")}`;
  return def.kind === "multi" ? `: keys are written ${def.dimensions.map(({ name }) => name).join("|")}` : "";
}

/** A custom mapping as the table of the keys that exist. @throws PartitionMappingError where its function is not at hand */
export function asTable(
  mapping: PartitionMapping | undefined,
  downstream: PartitionsDef | null,
  upstream: PartitionsDef,
  at: PartitionsAt,
): PartitionMapping | undefined {
  if (mapping?.kind !== "custom") return mapping;
  if (!isCustom(mapping))
    throw new PartitionMappingError(
      "a custom partition mapping is a function: make it with customMapping(partitions, (key) => …)",
    );
  return {
    kind: "static",
    downstreamByUpstream: mappingTable(mapping, partitionKeys(upstream, at), downstream),
  };
}

export const isCustom = (mapping: PartitionMapping | undefined): mapping is CustomMapping =>
  mapping?.kind === "custom" && "downstreamKeys" in mapping && typeof mapping.downstreamKeys === "function";
