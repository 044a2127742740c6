/** A word-sized line of numbers, oldest first; hover tells the name and the last value. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const width = 84;
  const height = 22;
  const last = values.at(-1);
  if (last === undefined) return null;
  const min = Math.min(...values);
  const span = Math.max(...values) - min || 1;
  const points = values.map(
    (v, i) =>
      [
        values.length === 1 ? width - 3 : 2 + (i * (width - 5)) / (values.length - 1),
        height - 3 - ((v - min) / span) * (height - 6),
      ] as const,
  );
  const end = points.at(-1) ?? [0, 0];
  const title = `${label}: ${last.toLocaleString()}`;
  return (
    <svg width={width} height={height} role="img" aria-label={title} className="sparkline">
      <title>{title}</title>
      <polyline
        points={points.map((p) => p.join(",")).join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.4}
        strokeLinejoin="round"
      />
      <circle cx={end[0]} cy={end[1]} r={2.2} fill="currentColor" />
    </svg>
  );
}

interface Spark {
  readonly label: string;
  readonly values: number[];
}
interface Materialization {
  readonly timestamp: string;
  readonly metadataEntries: ReadonlyArray<{
    readonly label: string;
    readonly __typename: string;
    readonly floatValue?: number | null;
    readonly intValue?: number | null;
    readonly intRepr?: string;
  }>;
}

/** The first numeric metadata of the newest materialization, with its history, oldest first. `history` is newest first. */
export function sparkOf(history: readonly Materialization[]): Spark | null {
  const number = (e: Materialization["metadataEntries"][number] | undefined) =>
    e?.floatValue ?? e?.intValue ?? (e?.intRepr === undefined ? null : Number(e.intRepr));
  const label = history[0]?.metadataEntries.find((e) => number(e) !== null)?.label;
  if (label === undefined) return null;
  const values = history
    .map((m) => number(m.metadataEntries.find((e) => e.label === label)))
    .filter((v) => v !== null && Number.isFinite(v));
  return { label, values: (values as number[]).reverse() };
}
