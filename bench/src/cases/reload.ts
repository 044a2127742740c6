/** From a saved file to its new definitions in the page's answers: a small file, and the weather example with its vega and DuckDB. */
import { copyFileSync, mkdtempSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Line, median } from "../line.ts";
import { type BenchSystem, fixture, locationLoaded, startSystem, until } from "../system.ts";

const SAVES = 7;
const weather = fileURLToPath(new URL("../../../examples/weather/definitions.ts", import.meta.url));
const UPDATED = `{ s: locationStatusesOrError {
  ... on WorkspaceLocationStatusEntries { entries { loadStatus updateTimestamp } } } }`;

interface Statuses {
  s: { entries: { loadStatus: string; updateTimestamp: number }[] };
}

async function updated(system: BenchSystem): Promise<number> {
  const [entry] = (await system.graphql<Statuses>(UPDATED)).s.entries;
  return entry?.loadStatus === "LOADED" ? entry.updateTimestamp : 0;
}

async function secondsOf(file: string): Promise<number> {
  const system = await startSystem(file);
  try {
    await locationLoaded(system);
    const seconds: number[] = [];
    for (let i = 0; i < SAVES; i++) {
      // The file watch begins anew after each load.
      await sleep(500);
      const before = await updated(system);
      utimesSync(file, new Date(), new Date());
      seconds.push((await until(async () => (await updated(system)) > before, { everyMs: 10 })) / 1000);
    }
    return median(seconds);
  } finally {
    await system.close();
  }
}

export async function run(): Promise<Line[]> {
  // A copy, because only what was saved may be touched.
  const small = join(mkdtempSync(join(tmpdir(), "bench-reload-")), "chain.ts");
  copyFileSync(fixture("chain.ts"), small);
  return [
    { name: "a saved file to its new definitions", ours: await secondsOf(small), goal: "≤ 1 s", unit: "s" },
    {
      name: "the same of the weather example",
      ours: await secondsOf(weather),
      goal: "≤ 1 s",
      unit: "s",
    },
  ];
}
