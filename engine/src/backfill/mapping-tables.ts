/** Custom partition mappings as tables: the code that defines them is asked once for each key. */
import type { AssetDef, DefinitionsSnapshot, PartitionsAt } from "@dagster-operator/sdk/internal";
import { partitionKeys } from "@dagster-operator/sdk/internal";
import { Unavailable } from "../errors.ts";
import type { LocationEntry } from "../ports/workspace.ts";
import { assetGraph, assetId } from "./asset-graph.ts";

type Entry = Pick<LocationEntry, "name" | "snapshot" | "code" | "codeVersion">;
/** upstream key → downstream keys. */
type Table = Map<string, string[]>;

/** Keys in one question: well below what a code server takes. */
const CHUNK = 20_000;

/** What is known of each edge, as long as these definitions of this version of the code are there. */
const known = new WeakMap<DefinitionsSnapshot, Map<string, Table>>();

/**
 * The same entries, where deps between two of the `wanted` assets (`assetId`) with a custom mapping have a static one instead.
 * @throws Unavailable a code location that must be asked does not serve · UserCodeError its mapping threw or named what cannot be
 */
export async function withMappingTables<E extends Entry>(
  entries: readonly E[],
  wanted: ReadonlySet<string>,
  at: PartitionsAt,
): Promise<E[]> {
  const isAsked = (asset: AssetDef) =>
    wanted.has(assetId(asset.key)) && asset.deps.some((dep) => dep.mapping?.kind === "custom");
  if (!entries.some(({ snapshot }) => snapshot?.assets.some(isAsked))) return [...entries];
  const graph = assetGraph(entries);
  const mapped = async (entry: E, asset: AssetDef): Promise<AssetDef> => {
    if (!isAsked(asset)) return asset;
    const deps = [];
    for (const dep of asset.deps) {
      const upstream = graph.get(assetId(dep.key))?.def.partitions ?? null;
      if (dep.mapping?.kind !== "custom" || upstream === null || !wanted.has(assetId(dep.key)))
        deps.push(dep);
      else {
        const names = { asset: asset.key.join("/"), upstream: dep.key.join("/") };
        const downstreamByUpstream = await ask(entry, names, partitionKeys(upstream, at));
        deps.push({ ...dep, mapping: { kind: "static" as const, downstreamByUpstream } });
      }
    }
    return { ...asset, deps };
  };
  return Promise.all(
    entries.map(async (entry) => {
      const { snapshot } = entry;
      if (!snapshot?.assets.some(isAsked)) return entry;
      const assets = await Promise.all(snapshot.assets.map((asset) => mapped(entry, asset)));
      return { ...entry, snapshot: { ...snapshot, assets } };
    }),
  );
}

async function ask(
  { name, snapshot, code, codeVersion }: Entry,
  { asset, upstream }: { asset: string; upstream: string },
  keys: readonly string[],
): Promise<Record<string, string[]>> {
  const tables = (snapshot && known.get(snapshot)) ?? new Map<string, Table>();
  if (snapshot) known.set(snapshot, tables);
  const edge = JSON.stringify([codeVersion, asset, upstream]);
  const table = tables.get(edge) ?? new Map<string, string[]>();
  tables.set(edge, table);
  const fresh = keys.filter((key) => !table.has(key));
  if (fresh.length > 0 && code === null)
    throw new Unavailable(
      `code location ${name} does not serve now, and only its code knows which partitions of ${asset} need those of ${upstream}`,
    );
  for (let from = 0; from < fresh.length; from += CHUNK) {
    const chunk = fresh.slice(from, from + CHUNK);
    const told = await code?.mapPartitions(asset, { upstream, keys: chunk });
    for (const key of chunk) table.set(key, told?.[key] ?? []);
  }
  return Object.fromEntries(keys.map((key) => [key, table.get(key) ?? []]));
}
