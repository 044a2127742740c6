/**
 * One of several schedulers that race for the same ticks: `race-process.ts DATABASE_URL TICKS SKEW_MS`. Prints `"ready"`, begins
 * with a line on stdin, and prints `{done, lost}` when every tick is closed: those it closed, and those taken from it.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Conflict } from "@dagster-operator/engine";
import { openStorage } from "@dagster-operator/storage";
import { pino } from "pino";
import { Registry } from "prom-client";
// Not by the door of the workspace: behind it are suites, which only Jest can load.
import { MemoryWorkspace } from "../../engine/src/testing/memory-workspace.ts";
import { daemonMetrics } from "../src/metrics.ts";
import { runTick, type TickDeps, type TickPlan } from "../src/run-tick.ts";
import { LANES, LOCATION, RACE_START, raced } from "./race.ts";

const [url = "", ticks = "", skew = "0"] = process.argv.slice(2);
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const storage = await openStorage(url);
const workspace = new MemoryWorkspace();
workspace.set(LOCATION, raced);
const served = workspace.get(LOCATION)?.code;
if (!served) throw new Error(`${LOCATION} does not serve`);
const code = served;
const deps: TickDeps = {
  storage,
  workspace,
  now: () => Date.now() + Number(skew),
  newId: () => randomUUID(),
  log: pino({ level: "silent" }),
  metrics: daemonMetrics(new Registry()),
  owner: `daemon:${randomUUID()}`,
  evaluationTimeoutMs: 60_000,
};

let done = 0;
let lost = 0;
async function lane(name: string): Promise<void> {
  const id = { kind: "SCHEDULE", location: LOCATION, name } as const;
  const handled = async () =>
    (await storage.ticks.states()).find((state) => state.name === name)?.lastTickAt ?? 0;
  for (let n = 0; n < Number(ticks) / LANES.length; n++) {
    const at = RACE_START + n * 60_000;
    while ((await handled()) < at) {
      try {
        const plan: TickPlan = {
          id,
          at,
          dueAt: at,
          code,
          light: false,
          evaluate: (asked, scheduledTime, timeoutMs) =>
            asked.evaluateSchedule(name, { scheduledTime, timeoutMs }),
          target: () => ({ job: "work" }),
        };
        const outcome = await runTick(deps, plan, () => undefined);
        if (outcome === "done") done++;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        lost++;
      }
    }
  }
}

say("ready");
await once(process.stdin, "data");
await Promise.all(LANES.map(lane));
say({ done, lost });
await storage.close();
process.exit(0);
