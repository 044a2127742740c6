import type { RunEvent, RunStatus } from "@dagster-operator/sdk/internal";

type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export interface AssetEventRecord {
  /** Event id: a cursor, increasing over all runs. */
  id: number;
  /** null when reported from outside a run. */
  runId: string | null;
  event: Of<"ASSET_MATERIALIZATION"> | Of<"ASSET_OBSERVATION">;
}
export interface CheckRecord {
  id: number;
  runId: string | null;
  event: Of<"ASSET_CHECK_EVALUATION">;
}
/** What became of a check, of the asset as a whole (`partition` "") or of one partition. Ids are those of events. */
export interface CheckState {
  asset: string[];
  check: string;
  partition: string;
  /** The newest evaluation; `ts` in milliseconds. */
  evaluation: { id: number; runId: string | null; ts: number; passed: boolean } | null;
  /** The newest run that planned it; its status is null when it was deleted. */
  planned: { id: number; runId: string; status: RunStatus | null } | null;
  /** The newest materialization of what it checks. */
  materialization: { id: number; runId: string | null } | null;
}
export interface AssetState {
  key: string[];
  lastMaterialization: AssetEventRecord | null;
  lastObservation: AssetEventRecord | null;
  /** Newest run that planned this asset, whatever became of it. */
  lastRunId: string | null;
  /** Runs not ended that planned it, and steps of it running now. */
  inProgressRunIds: string[];
  /** Newest run failed to make it after its last materialization. */
  lastRunFailed: boolean;
}
export type PartitionStatus = "MATERIALIZED" | "FAILED" | "IN_PROGRESS";

/** The newest event of this kind; `before`: with an id below it. */
export interface NewestAsk {
  key: string[];
  kind: "materialization" | "observation";
  partition?: string | undefined;
  before?: number | undefined;
}

export interface AssetStorage {
  /** States of these assets (all that were ever seen when `keys` is absent). Cheap: read from folded rows. */
  states(keys?: string[][]): Promise<AssetState[]>;
  /** Newest first; with `after` those beyond that id, oldest first. */
  history(
    key: string[],
    page: {
      kind?: "materialization" | "observation";
      limit: number;
      before?: number | undefined;
      after?: number | undefined;
      ids?: number[] | undefined;
      partition?: string | undefined;
      partitions?: string[] | undefined;
    },
  ): Promise<AssetEventRecord[]>;
  /** In the order of the asks, null where there is none. One statement or two, however many are asked for. */
  newest(asks: readonly NewestAsk[]): Promise<(AssetEventRecord | null)[]>;
  /** Partition key → status, for every partition that was ever tried. */
  partitions(key: string[]): Promise<Map<string, PartitionStatus>>;
  /** Of every partition of these assets that was ever tried or made. `lastMaterialization` is an event id. */
  partitionStates(
    keys: string[][],
  ): Promise<
    { key: string[]; partition: string; status: PartitionStatus | null; lastMaterialization: number | null }[]
  >;
  checks(assets?: string[][]): Promise<CheckRecord[]>;
  /** Of every check of these assets that was ever planned or evaluated, each partition. */
  checkStates(assets: string[][]): Promise<CheckState[]>;
  checkHistory(
    asset: string[],
    check: string,
    page: { limit: number; before?: number | undefined },
  ): Promise<CheckRecord[]>;
  /** Materialization, observation or check from outside any run. Returns its event id. */
  reportExternal(event: AssetEventRecord["event"] | CheckRecord["event"]): Promise<number>;
  /** Forgets state and history; definitions are not touched. */
  wipe(key: string[], partitions?: string[]): Promise<void>;
  dynamicPartitions(name: string): Promise<string[]>;
  /** Adding one that exists and deleting one that does not are no errors. Returns the keys that were new, or that went. */
  addDynamicPartitions(name: string, keys: string[]): Promise<string[]>;
  deleteDynamicPartitions(name: string, keys: string[]): Promise<string[]>;
}
