/** Where a multi-asset sensor is with each of its assets; moves as Dagster's does. */

export interface AssetCursor {
  /** Partition and id of the newest event that was consumed. */
  partition: string | null;
  id: number | null;
  /** Partition → its newest event below `id` that was never consumed. */
  unconsumed: Record<string, number>;
}

/** Most unconsumed partitions that are remembered of one asset. */
const MAX_UNCONSUMED = 25;

/** By `raw/orders`. A text that is no cursor, e.g. one that a person set, counts as none. */
export function parseMultiAssetCursor(text: string | null): Map<string, AssetCursor> {
  const cursors = new Map<string, AssetCursor>();
  let read: unknown;
  try {
    read = JSON.parse(text ?? "{}");
  } catch {
    return cursors;
  }
  if (typeof read !== "object" || read === null) return cursors;
  for (const [key, value] of Object.entries(read)) {
    if (!Array.isArray(value)) continue;
    const [partition, id, unconsumed] = value as [unknown, unknown, unknown];
    cursors.set(key, {
      partition: typeof partition === "string" ? partition : null,
      id: typeof id === "number" ? id : null,
      unconsumed: typeof unconsumed === "object" && unconsumed !== null ? { ...unconsumed } : {},
    });
  }
  return cursors;
}

export const formatMultiAssetCursor = (cursors: ReadonlyMap<string, AssetCursor>): string =>
  JSON.stringify(
    Object.fromEntries(
      [...cursors].map(([key, { partition, id, unconsumed }]) => [key, [partition, id, unconsumed]]),
    ),
  );

type Event = { id: number; partition?: string | undefined };

/**
 * The cursor after `consumed`. `waiting` are the unconsumed and the new events, oldest first.
 * @param all forget what was not consumed
 */
export function advanceAssetCursor(
  key: string,
  from: AssetCursor,
  waiting: readonly Event[],
  consumed: readonly Event[],
  all: boolean,
): AssetCursor {
  const newest = consumed.reduce<Event | undefined>((a, b) => (a && a.id > b.id ? a : b), undefined);
  if (newest === undefined) return from;
  const moved = newest.id > (from.id ?? 0);
  const unconsumed = all ? {} : { ...from.unconsumed };
  const ids = new Set(consumed.map(({ id }) => id));
  if (!all) {
    for (const { id, partition } of waiting) {
      if (partition === undefined || id > Math.max(newest.id, from.id ?? 0)) continue;
      if (!ids.has(id)) unconsumed[partition] = id;
      else delete unconsumed[partition];
    }
    if (newest.partition !== undefined) delete unconsumed[newest.partition];
    if (Object.keys(unconsumed).length >= MAX_UNCONSUMED) {
      throw new RangeError(
        `asset ${key} has ${MAX_UNCONSUMED} partitions that were passed over and never consumed: consume them with ` +
          "advanceCursor(...trailingUnconsumed(asset)), or everything with advanceAllCursors()",
      );
    }
  }
  return {
    partition: moved ? (newest.partition ?? null) : from.partition,
    id: moved ? newest.id : from.id,
    unconsumed,
  };
}
