/** What `dagsterctl dev` tells a person as things come up. Pure. */
import type { LocationEntry } from "@dagster-operator/engine";
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
    const { assets, jobs, schedules, sensors } = entry.snapshot;
    const counts = [
      count(assets.length, "asset"),
      count(jobs.filter((job) => !job.implicit).length, "job"),
      count(schedules.length, "schedule"),
      count(sensors.length, "sensor"),
    ].filter(Boolean);
    const took = tookMs === null ? "" : output.style("dim", `  (${duration(tookMs)})`);
    return `  ${output.style("green", "✓")} ${name}  ${counts.join(", ") || "nothing defined"}${took}`;
  }
  const text = entry.error?.message ?? entry.state.toLowerCase();
  return `  ${output.style("red", "✗")} ${name}  ${text.trim().replaceAll("\n", `\n    ${" ".repeat(width)}  `)}`;
}

const count = (number: number, noun: string) =>
  number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;
