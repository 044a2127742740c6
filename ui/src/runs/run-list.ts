import type { RunRow, RunsFilter, TimelineResult } from "../graphql/generated/operations.ts";
import { ASSET_JOB } from "../launch/launch.ts";

/** What a run is called: its job, or the assets it was launched for. */
export function runTitle(run: Pick<RunRow, "jobName" | "assetSelection" | "assetSelectionCount">): string {
  if (run.jobName !== ASSET_JOB) return run.jobName;
  const names = (run.assetSelection ?? []).map((key) => key.path.at(-1) ?? "");
  if (names.length === 0) return "Assets";
  const more = run.assetSelectionCount - 2;
  return names.slice(0, 2).join(", ") + (more > 0 ? ` +${more}` : "");
}

/** Both lists of the timeline as one, without doubles, newest first; null when the server refused. */
export function timelineRuns(data: TimelineResult): RunRow[] {
  const all = new Map<string, RunRow>();
  for (const part of [data.recent, data.ongoing])
    if (part.__typename === "Runs") for (const run of part.results) all.set(run.runId, run);
  return [...all.values()].sort((a, b) => b.creationTime - a.creationTime);
}

/** Runs by "location/job", newest first. */
export function runsByJob(data: TimelineResult): Map<string, RunRow[]> {
  const byJob = new Map<string, RunRow[]>();
  for (const run of timelineRuns(data)) {
    const key = `${run.repositoryOrigin?.repositoryLocationName ?? ""}/${run.jobName}`;
    (byJob.get(key) ?? byJob.set(key, []).get(key))?.push(run);
  }
  return byJob;
}

export interface RunFilters {
  readonly status?: RunsFilter["statuses"] | undefined;
  readonly job?: string | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly location?: string | undefined;
  readonly within?: "1h" | "24h" | "7d" | "30d" | undefined;
}
const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;

/** The page's filters as the server's. `now` in ms; a location is found by the tag that each run carries. */
export function runsFilter(filters: RunFilters, now: number): RunsFilter {
  const tags = (filters.tag ?? []).map((tag) => {
    const at = tag.indexOf("=");
    return at < 0 ? { key: tag, value: "" } : { key: tag.slice(0, at), value: tag.slice(at + 1) };
  });
  if (filters.location)
    tags.push({ key: ".dagster/repository", value: `__repository__@${filters.location}` });
  return {
    ...(filters.status?.length ? { statuses: filters.status } : {}),
    ...(filters.job ? { pipelineName: filters.job } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(filters.within ? { createdAfter: Math.floor(now / 60_000) * 60 - HOURS[filters.within] * 3600 } : {}),
  };
}

/** Tags that a person set or wants to see; the machine's own are left to the run's page. */
export function visibleTags(
  tags: ReadonlyArray<{ key: string; value: string }>,
): { key: string; value: string }[] {
  const shown = new Set([
    "dagster/partition",
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/backfill",
  ]);
  return tags.filter(
    (tag) =>
      shown.has(tag.key) ||
      (!tag.key.includes("dagster/") && !tag.key.startsWith(".") && !tag.key.startsWith("dagster-operator")),
  );
}

export function tagLabel(tag: { key: string; value: string }): string {
  const short: Record<string, string> = {
    "dagster/partition": "partition",
    "dagster/schedule_name": "schedule",
    "dagster/sensor_name": "sensor",
    "dagster/backfill": "backfill",
  };
  return `${short[tag.key] ?? tag.key}: ${tag.value}`;
}
