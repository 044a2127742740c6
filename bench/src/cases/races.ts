/** Schedulers, processes of their own, that race for each of ten thousand ticks (RACES=) on a Postgres whose commits are on disk. */
import { race } from "../../../daemon/test/race.ts";
import type { Line } from "../line.ts";
import { onDurablePostgres } from "../postgres.ts";

const TICKS = Number(process.env.RACES ?? 10_000);
/** How far the second clock goes ahead (ms): further than a lease, and it takes over what the first holds. */
const CASES = [
  { name: "two schedulers", skew: 0 },
  { name: "two schedulers, one taking over what the other holds", skew: 600_000 },
];

export function run(): Promise<Line[]> {
  return onDurablePostgres(async (database) => {
    const lines: Line[] = [];
    for (const [index, { name, skew }] of CASES.entries()) {
      const raced = await race(await database(`races${index}`), TICKS, [0, skew]);
      const what = `${name}, ${TICKS.toLocaleString("en-US")} ticks`;
      lines.push(
        { name: `${what}: duplicates`, ours: raced.duplicates, goal: "0", unit: "" },
        { name: `${what}: lost`, ours: raced.lost, goal: "0", unit: "" },
        { name: `${what}: closed`, ours: raced.ticks / raced.seconds, unit: "/s" },
      );
      if (skew > 0) lines.push({ name: `${what}: taken over`, ours: raced.takenOver, unit: "" });
    }
    return lines;
  });
}
