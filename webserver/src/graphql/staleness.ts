/** Stale status of assets, and why. */
import {
  assetGraph,
  backfillPartitions,
  type StaleCause as Cause,
  dataVersionOf,
  type Found,
  assetId as graphId,
  lookAtStaleness,
  Unavailable,
  UserCodeError,
  withMappingTables,
} from "@dagster-operator/engine";
import type { AssetDef } from "@dagster-operator/sdk/internal";
import { type AssetNodeModel, assetId } from "../definitions/location-index.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { StaleCauseCategory } from "./enums.ts";
import { AssetKey } from "./refs.ts";

export const StaleCause = builder.objectRef<Cause>("StaleCause").implement({
  fields: (t) => ({
    key: t.field({ type: AssetKey, resolve: (cause) => cause.key }),
    partitionKey: t.string({ nullable: true, resolve: (cause) => cause.partition }),
    category: t.expose("category", { type: StaleCauseCategory }),
    reason: t.exposeString("reason"),
    dependency: t.field({ type: AssetKey, nullable: true, resolve: (cause) => cause.dependency ?? null }),
    dependencyPartitionKey: t.string({ nullable: true, resolve: () => null }),
  }),
});

/** What one request has found: several fields of an asset look once. */
const memory = new WeakMap<Context, Map<string, Promise<Found>>>();

/** @param partition of a partitioned asset; null = the asset as a whole */
export function stalenessOf(ctx: Context, node: AssetNodeModel, partition: string | null): Promise<Found> {
  const known = memory.get(ctx) ?? new Map<string, Promise<Found>>();
  memory.set(ctx, known);
  const key = partition === null ? node.id : `${node.id}\n${partition}`;
  let found = known.get(key);
  if (!found) {
    found = look(ctx, node, partition);
    known.set(key, found);
  }
  return found;
}

const look = (ctx: Context, node: AssetNodeModel, partition: string | null): Promise<Found> =>
  lookAtStaleness(
    {
      def: (key) => ctx.index.assets.get(assetId(key))?.def,
      newest: async (ask) => {
        if (ask.partition !== undefined || ask.before !== undefined)
          return ctx.newestRecords.get(JSON.stringify(ask));
        const state = await ctx.assetStates.get(assetId(ask.key));
        return (ask.kind === "materialization" ? state?.lastMaterialization : state?.lastObservation) ?? null;
      },
      at: async (defs) => backfillPartitions(ctx.dynamicPartitions, defs, ctx.clock.now()),
      mapped: (asset) => mapped(ctx, asset),
    },
    node.def,
    partition,
  );

async function mapped(ctx: Context, asset: AssetDef): Promise<AssetDef | null> {
  const entries = ctx.workspace.list();
  const graph = assetGraph(entries);
  const wanted = [asset.key, ...asset.deps.map(({ key }) => key)];
  const at = await backfillPartitions(
    ctx.dynamicPartitions,
    wanted.map((key) => graph.get(graphId(key))?.def.partitions ?? null),
    ctx.clock.now(),
  );
  try {
    const tabled = await withMappingTables(entries, new Set(wanted.map(graphId)), at);
    return assetGraph(tabled).get(graphId(asset.key))?.def ?? null;
  } catch (error) {
    // A page that lists assets is not the place to say that one code location is away, or that a mapping of it fails.
    if (error instanceof Unavailable || error instanceof UserCodeError) return null;
    throw error;
  }
}

export const versionOf = ({ now }: Found): string | null => now && dataVersionOf(now);
