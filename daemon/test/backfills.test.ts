import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Storage, submitBackfill, systemClock } from "@dagster-operator/engine";
import { eventually, MemoryWorkspace } from "@dagster-operator/engine/testing";
import { openStorage } from "@dagster-operator/storage";
import { openMemoryStorage, withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { startDaemon } from "../src/index.ts";
import { hourly } from "./fixtures/hourly.ts";

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
const workspace = new MemoryWorkspace();
workspace.set("hourly", hourly);

const request = (storage: Storage, partitions: number) =>
  submitBackfill(
    { storage, workspace, now: () => Date.parse("2026-06-02"), newId: () => randomUUID() },
    {
      assets: [["raw"], ["clean"]],
      partitions: {
        range: {
          start: "2025-01-01-00:00",
          end: new Date(Date.UTC(2025, 0, 1, partitions - 1)).toISOString().slice(0, 16).replace("T", "-"),
        },
      },
    },
  );
const keysOf = async (storage: Storage, backfillId: string) => {
  const runs = await storage.backfills.runs(backfillId);
  return runs.map(({ partition }) => (partition && "key" in partition ? partition.key : "?"));
};

test("three daemons, one killed with -9 again and again: no partition is requested twice, none is lost", async () => {
  const { url, drop } = await withPostgres();
  cleanups.push(drop);
  const storage = await openStorage(url);
  cleanups.push(() => storage.close());
  const script = fileURLToPath(new URL("./backfill-process.ts", import.meta.url));
  const children = new Set<ChildProcess>();
  const start = async () => {
    const child = spawn(process.execPath, ["--no-warnings", "--conditions=source", script, url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.add(child);
    cleanups.push(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
  };
  await Promise.all([start(), start(), start()]);

  const PARTITIONS = 6000;
  const { backfillId } = await request(storage, PARTITIONS);
  let kills = 0;
  while ((await storage.backfills.get(backfillId))?.counts.waiting !== 0) {
    const [oldest] = children;
    if (kills >= 8 || !oldest) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    children.delete(oldest);
    oldest.kill("SIGKILL");
    kills++;
    await start();
  }
  const keys = await keysOf(storage, backfillId);
  expect(kills).toBeGreaterThan(0);
  expect({ runs: keys.length, partitions: new Set(keys).size }).toEqual({
    runs: PARTITIONS,
    partitions: PARTITIONS,
  });
});

test("a daemon requests what is asked for, and another one on the same storage nothing of it again", async () => {
  const storage = await openMemoryStorage();
  cleanups.push(() => storage.close());
  const daemons = Array.from({ length: 2 }, () =>
    startDaemon({
      storage,
      workspace,
      clock: systemClock,
      log: pino({ level: "silent" }),
      metrics: new Registry(),
      loops: ["backfill"],
    }),
  );
  cleanups.push(() => Promise.all(daemons.map((daemon) => daemon.close())));
  const { backfillId } = await request(storage, 20);
  await eventually(
    "all are requested",
    async () => (await storage.backfills.get(backfillId))?.counts.requested === 40,
  );
  await storage.backfills.cancel(backfillId);
  await eventually(
    "it is canceled",
    async () => (await storage.backfills.get(backfillId))?.status === "CANCELED",
  );
  expect(await keysOf(storage, backfillId)).toHaveLength(20);
  expect((await storage.backfills.get(backfillId))?.counts.canceled).toBe(40);
});
