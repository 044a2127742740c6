/** What `dagsterctl dev` tells a person as things come up. Pure. */
import type { LocationEntry } from "@dagster-operator/engine";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import type { Output } from "../output/output.ts";
import { duration } from "../output/time.ts";

export function describeLocation(
  entry: LocationEntry,
  width: number,
  tookMs: number | null,
  output: Output,
): string {
  const name = entry.name.padEnd(width);
  if (entry.state === "LOADED" && entry.snapshot) {
    const took = tookMs === null ? "" : output.style("dim", `  (${duration(tookMs)})`);
    return `  ${output.style("green", "✓")} ${name}  ${contents(entry.snapshot)}${took}`;
  }
  const text = entry.error?.message ?? entry.state.toLowerCase();
  return `  ${output.style("red", "✗")} ${name}  ${text.trim().replaceAll("\n", `\n    ${" ".repeat(width)}  `)}`;
}

/** `8 assets, 1 job` */
export function contents({ assets, jobs, schedules, sensors }: DefinitionsSnapshot): string {
  const counts = [
    count(assets.length, "asset"),
    count(jobs.filter((job) => !job.implicit).length, "job"),
    count(schedules.length, "schedule"),
    count(sensors.length, "sensor"),
  ];
  return counts.filter(Boolean).join(", ") || "nothing defined";
}

const count = (number: number, noun: string) =>
  number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;
