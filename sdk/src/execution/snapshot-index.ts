import type {
  AssetCheckDef,
  AssetDef,
  AssetKey,
  DefinitionsSnapshot,
  JobDef,
  NodeDef,
} from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { PlanError } from "./plan-error.ts";

/** `raw/orders`: how an asset key is written for people and used as a map key. */
export const assetPath = (key: AssetKey): string => (key.length === 1 ? (key[0] ?? "") : key.join("/"));

/** Lookups over one snapshot. */
export interface SnapshotIndex {
  nodes: Map<string, NodeDef>;
  jobs: Map<string, JobDef>;
  /** By asset path, as all maps here that are by asset. */
  assets: Map<string, AssetDef>;
  /** Assets that one op or graph computes together. */
  assetsOfNode: Map<string, AssetDef[]>;
  checksOfAsset: Map<string, AssetCheckDef[]>;
  checksOfNode: Map<string, AssetCheckDef[]>;
}

const indexes = new WeakMap<DefinitionsSnapshot, SnapshotIndex>();

export function indexSnapshot(snapshot: DefinitionsSnapshot): SnapshotIndex {
  const known = indexes.get(snapshot);
  if (known) return known;
  const index: SnapshotIndex = {
    nodes: new Map(snapshot.nodes.map((node) => [node.name, node])),
    jobs: new Map(snapshot.jobs.map((job) => [job.name, job])),
    assets: new Map(snapshot.assets.map((asset) => [assetPath(asset.key), asset])),
    assetsOfNode: new Map(),
    checksOfAsset: new Map(),
    checksOfNode: new Map(),
  };
  for (const asset of snapshot.assets) if (asset.node !== null) push(index.assetsOfNode, asset.node, asset);
  for (const check of snapshot.checks) {
    push(index.checksOfAsset, assetPath(check.asset), check);
    push(index.checksOfNode, check.node, check);
  }
  indexes.set(snapshot, index);
  return index;
}

export function findJob(index: SnapshotIndex, name: string): JobDef {
  const job = index.jobs.get(name);
  if (!job) throw new PlanError([`there is no job ${name}${didYouMean(name, index.jobs.keys())}`]);
  return job;
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
