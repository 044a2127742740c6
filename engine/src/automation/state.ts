/** What an evaluation of conditions sees of the world: read once before it, so that it is a pure function. */
import type { AssetDef, AssetKey } from "@dagster-operator/sdk/internal";
import type { CheckStatus } from "./check-status.ts";
import type { StoredSubset } from "./subset.ts";

/** One partition of an asset, or the asset as a whole under the key "". */
export interface PartitionState {
  /** Event id of the newest materialization (of an asset that nobody makes also: observation); null = never. */
  updatedId: number | null;
  failed: boolean;
  inProgress: boolean;
  /** Of a check; null = missing: not evaluated since the newest materialization. */
  check?: CheckStatus | null | undefined;
  /** Has something that happened by the last evaluation's mark and before this one's. */
  update?: { ts: number; runTargets: ReadonlySet<string> } | undefined;
}

/** What has conditions and is looked at by them: an asset, or a check of one, which has the asset's partitions. */
export interface Entity
  extends Pick<
    AssetDef,
    | "key"
    | "deps"
    | "partitions"
    | "backfillPolicy"
    | "node"
    | "canSubset"
    | "codeVersion"
    | "automation"
    | "freshnessPolicy"
  > {
  kind: AssetDef["kind"] | "check";
  /** Set of a check; `key` is then its asset. */
  check?: { name: string; blocking: boolean } | undefined;
}

export interface AutomationWorld {
  /** Milliseconds since the epoch. */
  now: number;
  /** Event ids up to it have been seen. */
  mark: number;
  /** Of the code location, by `raw/orders`. */
  assets: ReadonlyMap<string, AssetDef>;
  /** The assets, and their checks by `raw/orders:has_rows`. */
  entities: ReadonlyMap<string, Entity>;
  /** Partitions that are there: null for what has none. */
  partitionKeys(entity: Entity): readonly string[] | null;
  dynamic(name: string): string[];
  /** By entity, then by partition key. What is absent was never touched. */
  states: ReadonlyMap<string, ReadonlyMap<string, PartitionState>>;
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
  /** By entity, `raw/orders` or `raw/orders:has_rows`; absent = never evaluated. */
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
  /** Set where the node is about another asset than its parent, or about a check of it. */
  asset?: AssetKey | undefined;
  check?: string | undefined;
  candidates: number;
  true: number;
  /** Which ones; absent when they are too many to keep. */
  subset?: StoredSubset | undefined;
  /** Of a `since`: when trigger and reset were last true (ms), and in which evaluation. */
  since?: { trigger: [number, number] | null; reset: [number, number] | null } | undefined;
  children: EvaluationNode[];
}
