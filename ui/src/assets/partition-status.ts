import type { Tone } from "../design/Status.tsx";
import type { AssetPartitionsResult } from "../graphql/generated/operations.ts";

type Node = Extract<AssetPartitionsResult["assetNodeOrError"], { __typename: "AssetNode" }>;
export type PartitionState = "MATERIALIZED" | "FAILED" | "MATERIALIZING" | "MISSING";

export const PARTITION_TONE: Record<PartitionState, Tone> = {
  MATERIALIZED: "ok",
  FAILED: "fail",
  MATERIALIZING: "run",
  MISSING: "none",
};
export const PARTITION_LABEL: Record<PartitionState, string> = {
  MATERIALIZED: "Materialized",
  FAILED: "Failed",
  MATERIALIZING: "Materializing",
  MISSING: "Missing",
};

type OneDimension = Exclude<Node["assetPartitionStatuses"], { __typename: "MultiPartitionStatuses" }>;

function spread(
  statuses: OneDimension,
  keys: readonly string[],
  into: (key: string, state: PartitionState) => void,
): void {
  if (statuses.__typename === "DefaultPartitionStatuses") {
    for (const key of statuses.materializedPartitions) into(key, "MATERIALIZED");
    for (const key of statuses.failedPartitions) into(key, "FAILED");
    for (const key of statuses.materializingPartitions) into(key, "MATERIALIZING");
    return;
  }
  const index = new Map(keys.map((key, i) => [key, i]));
  for (const range of statuses.ranges) {
    const from = index.get(range.startKey);
    const to = index.get(range.endKey);
    if (from === undefined || to === undefined) continue;
    for (const key of keys.slice(from, to + 1)) into(key, range.status);
  }
}

/** Every partition key with its state, in order. A key of two dimensions is "a|b", the primary dimension first. */
export function partitionStates(node: Node): { key: string; state: PartitionState }[] {
  const [first, second] = node.partitionKeysByDimension;
  if (!first) return [];
  const states = new Map<string, PartitionState>();
  const statuses = node.assetPartitionStatuses;
  if (statuses.__typename === "MultiPartitionStatuses") {
    if (!second) return [];
    const primary = first.name === statuses.primaryDimensionName ? first : second;
    const other = primary === first ? second : first;
    const index = new Map(primary.partitionKeys.map((key, i) => [key, i]));
    // A multi-partition's key joins its parts in the order of the dimensions' names, whichever is primary.
    const join = (a: string, b: string) => (primary === first ? `${a}|${b}` : `${b}|${a}`);
    for (const range of statuses.ranges) {
      const rows = primary.partitionKeys.slice(
        index.get(range.primaryDimStartKey) ?? 0,
        (index.get(range.primaryDimEndKey) ?? -1) + 1,
      );
      for (const row of rows)
        spread(range.secondaryDim, other.partitionKeys, (key, state) => states.set(join(row, key), state));
    }
    return first.partitionKeys.flatMap((a) =>
      second.partitionKeys.map((b) => ({ key: `${a}|${b}`, state: states.get(`${a}|${b}`) ?? "MISSING" })),
    );
  }
  spread(statuses, first.partitionKeys, (key, state) => states.set(key, state));
  return first.partitionKeys.map((key) => ({ key, state: states.get(key) ?? "MISSING" }));
}

/** Neighbouring partitions of one state as one segment of the bar. */
export function segments<State extends string | null>(
  list: ReadonlyArray<{ key: string; state: State }>,
): { state: State; first: string; last: string; count: number }[] {
  const out: { state: State; first: string; last: string; count: number }[] = [];
  for (const { key, state } of list) {
    const last = out.at(-1);
    if (last && last.state === state) {
      last.last = key;
      last.count++;
    } else out.push({ state, first: key, last: key, count: 1 });
  }
  return out;
}
