/**
 * What a daemon process holds as 24 hours go by: its clock goes 480 times as fast, so a day is over in three minutes. 20 sensors every
 * minute, 20 schedules every quarter of an hour whose runs start and end; beside a real code server and Postgres.
 */
import { spawn } from "node:child_process";
import { type ComputeBackend, runComputeLoop, systemClock } from "@dagster-operator/engine";
import { openStorage } from "@dagster-operator/storage";
import { serveCode, stopAll } from "../daemon.ts";
import type { Line } from "../line.ts";
import { onDatabase, onDurablePostgres } from "../postgres.ts";
import { fixture, memoryOf, until } from "../system.ts";

const SPEED = Number(process.env.SPEED ?? 480);
/** As the chart starts it: NODE_OPTIONS of the daemon. */
const CHART = ["--max-semi-space-size=4"];
const HOUR_MS = 3_600_000;
const HOURS = [1, 6, 12, 18, 24];
const LOAD = { SENSORS: "20", INTERVAL: "60", SCHEDULES: "20", CRON: "*/15 * * * *" };

/** Runs start and end at once. */
async function endRuns(url: string, signal: AbortSignal): Promise<void> {
  const storage = await openStorage(url);
  const at = { level: "INFO" as const, message: "" };
  const backend: ComputeBackend = {
    launch: async ({ runId, attempt }) => {
      await storage.events.append({
        ...{ runId, attempt, producer: `worker:${attempt}` },
        events: (["RUN_START", "RUN_SUCCESS"] as const).map((type, i) => ({
          seq: i + 1,
          event: { type, ts: Date.now(), ...at },
        })),
      });
    },
    cancel: async () => undefined,
    onExit: () => undefined,
    live: async () => [],
    close: async () => undefined,
  };
  await runComputeLoop({
    ...{ storage, backend, signal, clock: systemClock },
    ...{ url: "http://127.0.0.1:1", tokenSecret: "bench", owner: "bench" },
  });
  await storage.close();
}

export function run(): Promise<Line[]> {
  return onDurablePostgres(async (database) => {
    const url = await database("memory");
    const server = await serveCode(url, fixture("ticking.ts"), LOAD);
    const stop = new AbortController();
    const ending = endRuns(url, stop.signal);
    const epoch = Date.now();
    const daemon = spawn(
      process.execPath,
      [...CHART, fixture("fast-daemon.ts"), url, String(epoch), String(SPEED)],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    try {
      const held: number[] = [];
      for (const hour of HOURS) {
        const at = epoch + (hour * HOUR_MS) / SPEED;
        await until(async () => Date.now() >= at, { everyMs: 100, timeoutMs: 2 * 24 * HOUR_MS });
        held.push(memoryOf(daemon.pid ?? 0));
      }
      const { ticks, runs } = await onDatabase(url, async (client) => {
        const count = async (of: string) =>
          (await client.query<{ n: number }>(`select count(*)::integer as n from ${of}`)).rows[0]?.n ?? 0;
        return {
          ticks: await count("tick where ended_at is not null"),
          runs: await count("run where status = 'SUCCESS'"),
        };
      });
      const last = held.at(-1) ?? Number.NaN;
      return [
        ...HOURS.map((hour, i) => ({
          name: `a daemon's memory after ${hour} of 24 hours in three minutes`,
          ours: held[i] ?? Number.NaN,
          ...(hour === 24 ? { goal: "≤ 150 MB" } : {}),
          unit: "MB",
        })),
        {
          name: "the same: hour 24 ÷ hour 6",
          ours: last / (held[1] ?? Number.NaN),
          goal: "≤ 1.1",
          unit: "×",
        },
        { name: "the same: ticks closed", ours: ticks, unit: "" },
        { name: "the same: runs ended", ours: runs, unit: "" },
      ];
    } finally {
      stop.abort();
      await stopAll([daemon, server]);
      await ending;
    }
  });
}
