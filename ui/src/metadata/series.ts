import type { MetadataParts } from "../graphql/generated/operations.ts";

export interface Point {
  /** ms since the epoch. */
  readonly at: number;
  readonly partition: string | null;
  readonly value: number;
}
export interface Series {
  readonly label: string;
  /** Oldest first. */
  readonly points: Point[];
}

interface Event {
  readonly timestamp: string;
  readonly partition: string | null;
  readonly metadataEntries: readonly MetadataParts[];
}

/** One series per numeric metadata label over all events, in the order in which labels first appear. */
export function seriesOf(events: readonly Event[]): Series[] {
  const byLabel = new Map<string, Point[]>();
  for (const event of [...events].sort((a, b) => Number(a.timestamp) - Number(b.timestamp))) {
    for (const entry of event.metadataEntries) {
      const value = numberOf(entry);
      if (value === null) continue;
      const points = byLabel.get(entry.label) ?? [];
      byLabel.set(entry.label, points);
      points.push({ at: Number(event.timestamp), partition: event.partition, value });
    }
  }
  return [...byLabel].map(([label, points]) => ({ label, points }));
}

/** The latest value of each partition, partitions in their natural order. */
export function byPartition(series: Series): Point[] {
  const last = new Map<string, Point>();
  for (const point of series.points) if (point.partition !== null) last.set(point.partition, point);
  return [...last.values()].sort((a, b) =>
    (a.partition ?? "").localeCompare(b.partition ?? "", undefined, { numeric: true }),
  );
}

function numberOf(entry: MetadataParts): number | null {
  const value =
    entry.__typename === "FloatMetadataEntry"
      ? entry.floatValue
      : entry.__typename === "IntMetadataEntry"
        ? (entry.intValue ?? Number(entry.intRepr))
        : null;
  return value !== null && Number.isFinite(value) ? value : null;
}
