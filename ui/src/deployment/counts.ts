import type { LoadedLocation } from "../workspace/workspace.ts";

/** How much of each kind a location defines. */
export function counts(location: LoadedLocation): [label: string, count: number][] {
  const sum = (of: (repository: LoadedLocation["repositories"][number]) => number) =>
    location.repositories.reduce((n, r) => n + of(r), 0);
  return [
    ["assets", sum((r) => r.assetGroups.reduce((n, g) => n + g.assetKeys.length, 0))],
    ["groups", sum((r) => r.assetGroups.length)],
    ["jobs", sum((r) => r.jobs.filter((j) => !j.name.startsWith("__")).length)],
    ["schedules", sum((r) => r.schedules.length)],
    ["sensors", sum((r) => r.sensors.length)],
  ];
}
