import type { RunRow } from "../graphql/generated/operations.ts";
import { runTitle } from "../runs/run-list.ts";

export interface TimelineBar {
  readonly run: RunRow;
  readonly x: number;
  readonly width: number;
  readonly lane: number;
}
export interface TimelineRow {
  readonly key: string;
  readonly label: string;
  readonly location: string;
  readonly job: string | null;
  readonly bars: readonly TimelineBar[];
  readonly lanes: number;
}

/** One row a job; runs that overlap in time go to lanes under each other. Times in ms, width in pixels. */
export function timelineLayout(
  runs: readonly RunRow[],
  axis: { from: number; to: number; width: number },
): TimelineRow[] {
  const span = Math.max(1, axis.to - axis.from);
  const rows = new Map<string, { label: string; location: string; job: string | null; runs: RunRow[] }>();
  for (const run of runs) {
    const [start, end] = extent(run, axis.to);
    if (end < axis.from || start > axis.to) continue;
    const location = run.repositoryOrigin?.repositoryLocationName ?? "";
    const adhoc = run.jobName.startsWith("__");
    const key = `${location}/${run.jobName}`;
    const row = rows.get(key) ?? {
      label: adhoc ? "Assets" : runTitle(run),
      location,
      job: adhoc ? null : run.jobName,
      runs: [],
    };
    rows.set(key, row);
    row.runs.push(run);
  }
  const adhoc = [...rows.values()].filter((row) => row.job === null);
  if (adhoc.length > 1) for (const row of adhoc) row.label = `Assets · ${row.location}`;
  return [...rows].map(([key, row]) => {
    const ends: number[] = [];
    const bars = [...row.runs]
      .sort((a, b) => extent(a, axis.to)[0] - extent(b, axis.to)[0])
      .map((run): TimelineBar => {
        const [start, end] = extent(run, axis.to);
        const x = ((Math.max(start, axis.from) - axis.from) / span) * axis.width;
        const width = Math.max(4, ((Math.min(end, axis.to) - axis.from) / span) * axis.width - x);
        let lane = ends.findIndex((taken) => taken <= x);
        if (lane < 0) lane = ends.length < 6 ? ends.length : ends.indexOf(Math.min(...ends));
        ends[lane] = x + width + 1;
        return { run, x, width, lane };
      });
    return {
      key,
      label: row.label,
      location: row.location,
      job: row.job,
      bars,
      lanes: Math.max(1, ends.length),
    };
  });
}

function extent(run: RunRow, now: number): [number, number] {
  const start = (run.startTime ?? run.creationTime) * 1000;
  const over = run.status === "SUCCESS" || run.status === "FAILURE" || run.status === "CANCELED";
  return [start, over ? (run.endTime ?? run.updateTime ?? run.startTime ?? run.creationTime) * 1000 : now];
}
