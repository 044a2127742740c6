import type { LoadedLocation } from "../workspace/workspace.ts";

/** How much of each kind a location defines. */
export function counts(location: LoadedLocation): [noun: string, count: number][] {
  const sum = (of: (repository: LoadedLocation["repositories"][number]) => number) =>
    location.repositories.reduce((n, r) => n + of(r), 0);
  return [
    ["asset", sum((r) => r.assetGroups.reduce((n, g) => n + g.assetKeys.length, 0))],
    ["group", sum((r) => r.assetGroups.length)],
    ["job", sum((r) => r.jobs.filter((j) => !j.name.startsWith("__")).length)],
    ["schedule", sum((r) => r.schedules.length)],
    ["sensor", sum((r) => r.sensors.length)],
  ];
}

const SOURCE: Record<string, string> = { workingDirectory: "working directory" };

/** What a part of a location's source is called here. */
export const sourceLabel = (key: string): string => SOURCE[key] ?? key.replaceAll("_", " ");
