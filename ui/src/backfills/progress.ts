import type { Tone } from "../design/Status.tsx";
import type { BackfillRow } from "../graphql/generated/operations.ts";

export type BackfillStatus = BackfillRow["status"];

const STATUS: Record<BackfillStatus, { tone: Tone; label: string }> = {
  REQUESTED: { tone: "run", label: "In progress" },
  CANCELING: { tone: "warn", label: "Canceling" },
  CANCELED: { tone: "none", label: "Canceled" },
  COMPLETED: { tone: "ok", label: "Done" },
  COMPLETED_SUCCESS: { tone: "ok", label: "Done" },
  COMPLETED_FAILED: { tone: "fail", label: "Done with failures" },
  FAILED: { tone: "fail", label: "Failed" },
  FAILING: { tone: "fail", label: "Failing" },
};

export function statusOf({ status, isPaused }: Pick<BackfillRow, "status" | "isPaused">): {
  tone: Tone;
  label: string;
} {
  return isPaused && status === "REQUESTED" ? { tone: "warn", label: "Paused" } : STATUS[status];
}
export const isOpen = (status: BackfillStatus): boolean => status === "REQUESTED" || status === "CANCELING";

/** What it is called: its title, its job, or its assets. */
export function backfillTitle({ title, jobName, assetSelection }: BackfillRow): string {
  if (title) return title;
  if (jobName) return jobName;
  const names = (assetSelection ?? []).map(({ path }) => path.join("/"));
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} +${names.length - 2}` : names.join(", ");
}

export interface Share {
  readonly tone: Tone;
  readonly label: string;
  readonly count: number;
}

const SHARES: ReadonlyArray<readonly [status: string, tone: Tone, label: string]> = [
  ["SUCCESS", "ok", "done"],
  ["STARTED", "run", "in progress"],
  ["FAILURE", "fail", "failed"],
  ["CANCELED", "warn", "canceled"],
  ["NOT_STARTED", "none", "waiting"],
];

/** Partitions over all assets by how far they are; without those of which there are none. */
export function sharesOf({ partitionStatusCounts }: Pick<BackfillRow, "partitionStatusCounts">): Share[] {
  return SHARES.map(([status, tone, label]) => ({
    tone,
    label,
    count: partitionStatusCounts.find(({ runStatus }) => runStatus === status)?.count ?? 0,
  })).filter(({ count }) => count > 0);
}

/** The same of one partitioned asset. */
export function assetShares(asset: {
  readonly numPartitionsTargeted: number;
  readonly numPartitionsInProgress: number;
  readonly numPartitionsMaterialized: number;
  readonly numPartitionsFailed: number;
}): Share[] {
  const {
    numPartitionsMaterialized: done,
    numPartitionsInProgress: going,
    numPartitionsFailed: failed,
  } = asset;
  const all: Share[] = [
    { tone: "ok", label: "done", count: done },
    { tone: "run", label: "in progress", count: going },
    { tone: "fail", label: "failed", count: failed },
    { tone: "none", label: "waiting", count: asset.numPartitionsTargeted - done - going - failed },
  ];
  return all.filter(({ count }) => count > 0);
}

export const said = (shares: readonly Share[]): string =>
  shares.map(({ count, label }) => `${count.toLocaleString("en")} ${label}`).join(", ");
