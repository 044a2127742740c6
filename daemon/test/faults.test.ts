import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Storage, Tick } from "@dagster-operator/engine";
import { openStorage } from "@dagster-operator/storage";
import { startPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, jest, test } from "@jest/globals";
import { SCHEDULES, SENSORS } from "./fixtures/ticking.ts";
import { standInWorker } from "./stand-in-worker.ts";

/** CHAOS_SECONDS=60 for a whole minute. */
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 10);
jest.setTimeout(600_000 + SECONDS * 1000);
const SPEED = 20;
const LIMIT = 5;
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const oldestFirst = async (storage: Storage, kind: Tick["kind"], name: string) =>
  (await storage.ticks.ticks({ kind, location: "ticking", name }, { limit: 100_000 })).toReversed();

test("three daemons, one killed with -9 every second, and Postgres crashing in the middle: no tick twice, none lost", async () => {
  const server = await startPostgres({ durable: true });
  cleanups.push(() => server.remove());
  const url = server.url("postgres");
  const storage = await openStorage(url);
  cleanups.push(() => storage.close());
  const epoch = Date.now();
  const script = fileURLToPath(new URL("./daemon-process.ts", import.meta.url));
  const worker = standInWorker(storage);
  const children = new Set<ChildProcess>();
  cleanups.push(() => {
    for (const child of children) child.kill("SIGKILL");
    return worker.close();
  });

  /** In the order in which they came up. */
  const ready = new Set<ChildProcess>();
  const died: string[] = [];
  const start = async () => {
    const args = ["--no-warnings", "--conditions=source", script, url, String(epoch), String(SPEED)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    children.add(child);
    const exited = once(child, "exit").then(([code, signal]) => {
      children.delete(child);
      if (signal !== "SIGKILL") died.push(`exit ${code}, signal ${signal}`);
    });
    await Promise.race([once(child.stdout, "data").then(() => ready.add(child)), exited]);
  };
  await Promise.all([start(), start(), start()]);

  let killed = 0;
  const starting: Promise<void>[] = [];
  for (let second = 1; second <= SECONDS; second++) {
    await sleep(1000);
    if (second === Math.ceil(SECONDS / 2)) {
      await server.stop("immediate");
      await server.start();
    }
    const [oldest] = ready;
    if (!oldest) continue;
    ready.delete(oldest);
    oldest.kill("SIGKILL");
    killed++;
    starting.push(start());
  }
  await Promise.all(starting);
  const killedUntil = epoch + (Date.now() - epoch) * SPEED;

  const asked = new Set(
    (await storage.runs.list({ location: "ticking" }, { limit: 100_000 })).map(({ runId }) => runId),
  );

  // Leases of the dead run out, and what was missed is made up for.
  const everything = async () => {
    const left = await storage.runs.list({ location: "ticking" }, { limit: 100_000 });
    if (left.some(({ runId, status }) => asked.has(runId) && status !== "SUCCESS")) return false;
    const all: Tick[][] = [];
    for (const name of SCHEDULES) all.push(await oldestFirst(storage, "SCHEDULE", name));
    for (const name of SENSORS) all.push(await oldestFirst(storage, "SENSOR", name));
    return all.every((ticks) => ticks.some(({ at, status }) => at > killedUntil && status === "SUCCESS"));
  };
  while (died.length === 0 && !(await everything())) await sleep(200);
  for (const child of children) child.kill("SIGKILL");
  // Neither the crash nor what it left behind ends a daemon.
  expect(died).toEqual([]);
  expect(killed).toBeGreaterThan(0);
  const runs = await storage.runs.list({ location: "ticking" }, { limit: 100_000 });

  for (const name of SCHEDULES) {
    const own = runs.filter(({ tags }) => tags["dagster/schedule_name"] === name);
    const partitions = own.map(({ tags }) => tags["dagster/partition"] ?? "");
    const ticks = await oldestFirst(storage, "SCHEDULE", name);
    const first = ticks[0]?.at ?? Number.NaN;
    expect(ticks.map(({ at }) => (at - first) / 60_000)).toEqual(ticks.map((_, n) => n));
    expect(new Set(partitions).size).toBe(partitions.length);
    // The last may have been under way when everything was ended.
    const ended = ticks.at(-1)?.status === "STARTED" ? ticks.slice(0, -1) : ticks;
    expect(ended.map(({ status, runIds }) => [status, runIds.length])).toEqual(
      ended.map(() => ["SUCCESS", 1]),
    );
    const known = new Set(own.map(({ runId }) => runId));
    expect(ended.flatMap(({ runIds }) => runIds).filter((runId) => !known.has(runId))).toEqual([]);
  }
  for (const name of SENSORS) {
    const keys = runs
      .filter(({ tags }) => tags["dagster/sensor_name"] === name)
      .map(({ tags }) => Number(tags["dagster/run_key"]))
      .sort((a, b) => a - b);
    expect(keys).toEqual(keys.map((_, n) => n + 1));
    expect(keys.length).toBeGreaterThan(0);
  }
  expect(worker.launches.size).toBeGreaterThan(0);
  expect([...worker.launches.values()].filter(({ size }) => size !== 1)).toEqual([]);
  expect(worker.most()).toBeLessThanOrEqual(LIMIT);
});
