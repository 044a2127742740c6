/** Stale status of assets, and why. */
import {
  type AssetEventRecord,
  type StaleCause as Cause,
  dataVersionOf,
  type Staleness,
  staleness,
  type Upstream,
} from "@dagster-operator/engine";
import { type AssetNodeModel, assetId } from "../definitions/location-index.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { StaleCauseCategory } from "./enums.ts";
import { AssetKey } from "./refs.ts";

interface Found extends Staleness {
  /** Newest record. */
  now: AssetEventRecord | null;
}
type Model = Cause & { partition: string | null };

export const StaleCause = builder.objectRef<Model>("StaleCause").implement({
  fields: (t) => ({
    key: t.field({ type: AssetKey, resolve: (cause) => cause.key }),
    partitionKey: t.string({ nullable: true, resolve: (cause) => cause.partition }),
    category: t.expose("category", { type: StaleCauseCategory }),
    reason: t.exposeString("reason"),
    dependency: t.field({ type: AssetKey, nullable: true, resolve: (cause) => cause.dependency ?? null }),
    dependencyPartitionKey: t.string({ nullable: true, resolve: () => null }),
  }),
});

/** What one request has found, so that a page of thousands of assets looks at each once. */
const memory = new WeakMap<Context, Map<string, Promise<Found>>>();

/** @param partition of a partitioned asset; null = the asset as a whole */
export function stalenessOf(ctx: Context, node: AssetNodeModel, partition: string | null): Promise<Found> {
  const known = memory.get(ctx) ?? new Map<string, Promise<Found>>();
  memory.set(ctx, known);
  // Upstream first and without recursion: a chain may be thousands long, and all states are then asked for in one call.
  for (const one of inOrder(ctx, node, partition, known)) {
    known.set(
      keyOf(one),
      find(ctx, one, (upstream) => known.get(keyOf(upstream))),
    );
  }
  const found = known.get(keyOf({ node, partition }));
  if (!found) throw new Error(`asset ${node.id} was not looked at`);
  return found;
}

interface Place {
  node: AssetNodeModel;
  partition: string | null;
}
const keyOf = ({ node, partition }: Place) => (partition === null ? node.id : `${node.id}\n${partition}`);

/** The place in an upstream asset that belongs to this place; `compared` false where partitions of two kinds meet. */
function upstreamOf(ctx: Context, { node, partition }: Place): { place: Place; compared: boolean }[] {
  const deps = new Map(node.def.deps.map((dep) => [assetId(dep.key), dep]));
  return [...deps.values()].flatMap(({ key, mapping }) => {
    const upstream = ctx.index.assets.get(assetId(key));
    if (!upstream || upstream.id === node.id) return [];
    if (upstream.def.partitions === null)
      return [{ place: { node: upstream, partition: null }, compared: true }];
    const same =
      partition !== null &&
      (mapping === undefined || mapping.kind === "identity") &&
      JSON.stringify(upstream.def.partitions) === JSON.stringify(node.def.partitions);
    return [{ place: { node: upstream, partition: same ? partition : null }, compared: same }];
  });
}

function inOrder(
  ctx: Context,
  node: AssetNodeModel,
  partition: string | null,
  known: ReadonlyMap<string, unknown>,
) {
  const ordered: Place[] = [];
  const seen = new Set<string>();
  const stack: { place: Place; left: Place[] }[] = [];
  const enter = (place: Place) => {
    const key = keyOf(place);
    if (seen.has(key) || known.has(key)) return;
    seen.add(key);
    stack.push({ place, left: upstreamOf(ctx, place).map((upstream) => upstream.place) });
  };
  enter({ node, partition });
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.left.pop();
    if (next) enter(next);
    else {
      ordered.push(top.place);
      stack.pop();
    }
  }
  return ordered;
}

async function find(
  ctx: Context,
  place: Place,
  other: (place: Place) => Promise<Found> | undefined,
): Promise<Found> {
  const { def } = place.node;
  const now = await newest(ctx, place);
  const upstream: Upstream[] = [];
  for (const { place: dep, compared } of upstreamOf(ctx, place)) {
    const found = await other(dep);
    const of = found?.now ?? null;
    upstream.push({
      key: dep.node.def.key,
      stale: found?.status === "STALE",
      compared,
      now: of,
      before: of && now && compared ? await asOf(ctx, dep, of, now) : of,
    });
  }
  return { ...staleness(def, now, upstream), now };
}

async function newest(ctx: Context, { node, partition }: Place): Promise<AssetEventRecord | null> {
  if (partition !== null) {
    const [record] = await ctx.storage.assets.history(node.def.key, {
      limit: 1,
      partition,
      ...kindOf(node),
    });
    return record ?? null;
  }
  const state = await ctx.assetStates.get(node.id);
  const { lastMaterialization: made = null, lastObservation: seen = null } = state ?? {};
  if (node.def.kind === "materializable") return made;
  return (made?.id ?? 0) > (seen?.id ?? 0) ? made : seen;
}

/** An asset that is made has its version from that; one that is not also from what was seen of it. */
const kindOf = ({ def }: AssetNodeModel): { kind?: "materialization" } =>
  def.kind === "materializable" ? { kind: "materialization" } : {};

/** The upstream asset's newest record when `made` was; asked for only where its data may have changed since. */
async function asOf(
  ctx: Context,
  { node, partition }: Place,
  now: AssetEventRecord,
  made: AssetEventRecord,
): Promise<AssetEventRecord | null> {
  if (now.id < made.id) return now;
  const [then] = await ctx.storage.assets.history(node.def.key, {
    limit: 1,
    before: made.id,
    ...kindOf(node),
    ...(partition === null ? {} : { partition }),
  });
  return then ?? null;
}

export const causesOf = ({ causes }: Found, partition: string | null): Model[] =>
  causes.map((cause) => ({ ...cause, partition }));
export const versionOf = ({ now }: Found): string | null => now && dataVersionOf(now);
