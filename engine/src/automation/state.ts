/** What an evaluation of conditions sees of the world: read once before it, so that it is a pure function. */
import type { AssetDef, AssetKey } from "@dagster-operator/sdk/internal";
import type { StoredSubset } from "./subset.ts";

/** One partition of an asset, or the asset as a whole under the key "". */
export interface PartitionState {
  /** Event id of the newest materialization (of an asset that nobody makes also: observation); null = never. */
  updatedId: number | null;
  failed: boolean;
  inProgress: boolean;
  /** Has something that happened by the last evaluation's mark and before this one's. */
  update?: { ts: number; runAssets: ReadonlySet<string> } | undefined;
}

export interface AutomationWorld {
  /** Milliseconds since the epoch. */
  now: number;
  /** Event ids up to it have been seen. */
  mark: number;
  /** Of the code location, by `raw/orders`. */
  assets: ReadonlyMap<string, AssetDef>;
  /** Partitions that are there: null for an asset without any. */
  partitionKeys(asset: AssetDef): readonly string[] | null;
  dynamic(name: string): string[];
  /** By `raw/orders`, then by partition key. What is absent was never touched. */
  states: ReadonlyMap<string, ReadonlyMap<string, PartitionState>>;
  /** By `raw/orders`, then by check. */
  checks: ReadonlyMap<string, readonly { name: string; blocking: boolean; passed: boolean | null }[]>;
  /** Time (ms) of the newest materialization of assets with a freshness policy; absent = never. By `raw/orders`. */
  lastMade: ReadonlyMap<string, number>;
  /** Partitions that backfills under way have still to make, by `raw/orders`. */
  backfills: ReadonlyMap<string, readonly string[]>;
}

/** What one evaluation leaves for the next. */
export interface AutomationCursor {
  evaluationId: number;
  /** Time (ms) and mark of that evaluation. */
  at: number;
  mark: number;
  /** By `raw/orders`; absent = never evaluated. */
  assets: Record<string, AssetCursor>;
}
export interface AssetCursor {
  requested?: StoredSubset | undefined;
  /** JSON of its partitions definition when it was evaluated; a change is a first evaluation. */
  partitions: string;
  /** By condition and asset: where a `since` or the operand of a `newly_true` was true, or a code version. */
  nodes: Record<string, StoredSubset | { text: string | null }>;
  /** Of the newest evaluation that was kept. */
  digest?: string | undefined;
}

/** One node of an evaluation, for the page: what was true of what. */
export interface EvaluationNode {
  name: string;
  label?: string | undefined;
  kind: "and" | "or" | "not" | "identity";
  /** Set where the node is about another asset than its parent. */
  asset?: AssetKey | undefined;
  candidates: number;
  true: number;
  /** Which ones; absent when they are too many to keep. */
  subset?: StoredSubset | undefined;
  /** Of a `since`: when trigger and reset were last true (ms), and in which evaluation. */
  since?: { trigger: [number, number] | null; reset: [number, number] | null } | undefined;
  children: EvaluationNode[];
}
