/** Schedulers as processes of their own race for the same ticks on one Postgres; the tests and `bench/` count what came of it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Definitions, job, op, RunRequest, schedule } from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";

export const LOCATION = "raced";
export const RACE_START = Date.parse("2026-03-10T12:00:00Z");
/** Schedules, each with ticks of its own, so that many races are on at once. */
export const LANES = Array.from({ length: 10 }, (_, n) => `lane${n}`);
const idle = op("idle", () => 1);
const work = job("work", () => void idle());
export const raced = new Definitions({
  jobs: [work],
  schedules: LANES.map((name) =>
    schedule(name, { job: work, cron: "* * * * *" }, () => [
      new RunRequest({}),
      new RunRequest({ runKey: "keyed" }),
    ]),
  ),
});
/** What each tick asks for. */
const RUNS_A_TICK = 2;

export interface Raced {
  ticks: number;
  runs: number;
  /** Runs of a tick beyond those that it asked for, and ticks of one time beyond the first. */
  duplicates: number;
  /** Runs that a tick asked for and that are not there, and ticks that are not closed as a success. */
  lost: number;
  /** Ticks that one scheduler took from another in the middle. */
  takenOver: number;
  /** The least that one of the schedulers closed. */
  fewest: number;
  seconds: number;
}

/** @param skews how far the clock of each scheduler goes ahead (ms); further than a lease, it takes over what it finds open */
export async function race(url: string, ticks: number, skews: readonly number[]): Promise<Raced> {
  const script = fileURLToPath(new URL("./race-process.ts", import.meta.url));
  const racers = skews.map((skew) => {
    const args = ["--no-warnings", "--conditions=source", script, url, String(ticks), String(skew)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error("a scheduler of the race ended before its time");
      return JSON.parse(value);
    };
    return { child, next };
  });
  try {
    await Promise.all(racers.map(({ next }) => next()));
    const start = performance.now();
    for (const { child } of racers) child.stdin.write("go\n");
    const ends = (await Promise.all(racers.map(({ next }) => next()))) as { done: number; lost: number }[];
    const seconds = (performance.now() - start) / 1000;
    const takenOver = ends.reduce((sum, { lost }) => sum + lost, 0);
    return {
      ...(await outcome(url, ticks)),
      takenOver,
      fewest: Math.min(...ends.map(({ done }) => done)),
      seconds,
    };
  } finally {
    for (const { child } of racers) child.kill("SIGKILL");
  }
}

async function outcome(url: string, wanted: number) {
  const storage = await openStorage(url);
  try {
    const runs = await storage.runs.list({ location: LOCATION }, { limit: 2 * RUNS_A_TICK * wanted + 1 });
    const perRequest = new Map<string, number>();
    for (const { tags } of runs) {
      const of = ["dagster/schedule_name", ".dagster/scheduled_execution_time", "dagster/run_key"];
      const key = of.map((tag) => tags[tag]).join(" ");
      perRequest.set(key, (perRequest.get(key) ?? 0) + 1);
    }
    const perTime = new Map<string, boolean>();
    let ticks = 0;
    for (const name of LANES) {
      const id = { kind: "SCHEDULE", location: LOCATION, name } as const;
      for (const { at, status, runIds } of await storage.ticks.ticks(id, { limit: 2 * wanted })) {
        ticks++;
        perTime.set(`${name} ${at}`, status === "SUCCESS" && runIds.length === RUNS_A_TICK);
      }
    }
    const closed = [...perTime.values()].filter(Boolean).length;
    return {
      ticks,
      runs: runs.length,
      duplicates: runs.length - perRequest.size + (ticks - perTime.size),
      lost: RUNS_A_TICK * wanted - perRequest.size + (wanted - closed),
    };
  } finally {
    await storage.close();
  }
}
