import { existsSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import type { Tick } from "@dagster-operator/engine";
import { eventually, ManualClock, MemoryWorkspace } from "@dagster-operator/engine/testing";
import { Definitions } from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { HttpCodeLocation } from "../../codeserver/src/client/index.ts";
import { Project } from "../../codeserver/test/project.ts";
import { startCodeServer } from "../../codeserver/test/started.ts";
import { startDaemon } from "../src/index.ts";

const NOON = Date.parse("2026-03-10T12:00:00Z");
const HOUR = 3_600_000;
/** Says in the file `asked` when it is asked, and does not answer while there is a file `hold`. */
const CODE = `
import { appendFileSync, existsSync } from "node:fs";
import { Definitions, job, op, RunRequest, schedule, sensor } from "@dagster-operator/sdk";
const idle = op("idle", () => 1);
const work = job("work", () => { idle(); });
const answer = async (name) => {
  appendFileSync("asked", name + "\\n");
  while (existsSync("hold")) await new Promise((resolve) => setTimeout(resolve, 20));
};
export default new Definitions({
  jobs: [work],
  schedules: [schedule("hourly", { job: work, cron: "0 * * * *", defaultStatus: "RUNNING" }, async () => {
    await answer("hourly");
    return new RunRequest();
  })],
  sensors: [sensor("counting", { job: work, minimumInterval: 3600, defaultStatus: "RUNNING" }, async ({ cursor, setCursor }) => {
    await answer("counting");
    const next = String(Number(cursor ?? 0) + 1);
    setCursor(next);
    return new RunRequest({ runKey: next });
  })],
});
`;

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A daemon at noon whose one code location is a real code server. */
async function world(files: Record<string, string>) {
  const project = new Project({ "definitions.ts": CODE, ...files });
  cleanups.push(() => project.remove());
  const storage = await openMemoryStorage();
  cleanups.push(() => storage.close());
  const serve = async () => {
    const server = await startCodeServer(project.folder, ["--file", "definitions.ts"]);
    cleanups.push(() => server.close());
    return server;
  };
  const first = await serve();
  const workspace = new MemoryWorkspace();
  workspace.set("served", new Definitions({}));
  const clock = new ManualClock(NOON);
  const start = (code: HttpCodeLocation) => {
    workspace.change("served", { code });
    const daemon = startDaemon({
      storage,
      workspace,
      clock,
      log: pino({ level: "silent" }),
      metrics: new Registry(),
      loops: ["schedule", "sensor"],
    });
    cleanups.push(() => daemon.close());
    return daemon;
  };
  workspace.change("served", { snapshot: await first.code.definitions() });
  const ticks = async (): Promise<Tick[]> => {
    const page = { limit: 100 };
    const hourly = await storage.ticks.ticks({ kind: "SCHEDULE", location: "served", name: "hourly" }, page);
    const counting = await storage.ticks.ticks(
      { kind: "SENSOR", location: "served", name: "counting" },
      page,
    );
    return [...hourly, ...counting];
  };
  return {
    ...{ project, clock, workspace, serve, first, start, ticks },
    asked: () =>
      existsSync(project.path("asked")) ? readFileSync(project.path("asked"), "utf8").trim().split("\n") : [],
    ended: (count: number) =>
      eventually(`${count} ticks have ended`, async () => {
        const ended = (await ticks()).filter(({ endedAt }) => endedAt !== null);
        return ended.length >= count ? ended : null;
      }),
    runs: () => storage.runs.list({ location: "served" }, { limit: 100 }),
  };
}

test("a code server killed in the middle of its ticks and replaced at another address: they wait, and make their runs once", async () => {
  const { project, workspace, serve, first, start, ticks, asked, ended, runs } = await world({ hold: "" });
  start(first.code);
  await eventually("both are asked", () => new Set(asked()).size === 2);
  expect((await ticks()).map(({ status }) => status)).toEqual(["STARTED", "STARTED"]);
  first.child.kill("SIGKILL");
  await eventually("both are given up", async () => (await ticks()).length === 0);
  expect(await runs()).toEqual([]);

  rmSync(project.path("hold"));
  const second = await serve();
  expect(second.ready.address).not.toEqual(first.ready.address);
  workspace.change("served", { code: second.code });
  expect(await ended(2)).toMatchObject([
    { kind: "SCHEDULE", status: "SUCCESS", at: NOON, runIds: [expect.any(String)] },
    { kind: "SENSOR", status: "SUCCESS", runIds: [expect.any(String)] },
  ]);
  expect(await runs()).toHaveLength(2);
});

test("answers that are cut off on their way: the ticks wait, no cursor moves, and they make their runs once", async () => {
  const { workspace, first, start, ticks, asked, ended, runs } = await world({});
  const { port } = first.ready.address as { host: string; port: number };
  let cutting = true;
  const relay = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    client.pipe(server);
    server.on("data", (data) => {
      if (cutting) client.write(data.subarray(0, -10), () => client.destroy());
      else client.write(data);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => relay.close());
  const code = new HttpCodeLocation({ host: "127.0.0.1", port: (relay.address() as AddressInfo).port });
  cleanups.push(() => code.close());

  start(code);
  await eventually("both have answered in vain", () => new Set(asked()).size === 2);
  await eventually("both are given up", async () => (await ticks()).length === 0);
  cutting = false;
  workspace.change("served", { code });
  expect(await ended(2)).toMatchObject([
    { kind: "SCHEDULE", status: "SUCCESS", at: NOON, runIds: [expect.any(String)] },
    { kind: "SENSOR", status: "SUCCESS", runIds: [expect.any(String)], cursor: "1" },
  ]);
  expect(await runs()).toHaveLength(2);
});

test("a clock set back and forward again: no time of a schedule twice, none left out, and the sensor goes on", async () => {
  const { clock, first, start, ended, runs } = await world({});
  const daemon = start(first.code);
  /** Moves the clock there, and on by seconds until each loop has looked since. */
  const seenAt = async (at: number) => {
    clock.advance(at - clock.now());
    await eventually("the loops look", () => {
      clock.advance(1000);
      return daemon
        .health()
        .every(({ lastIterationAt: last }) => last !== null && last >= at && last <= clock.now());
    });
  };
  const scheduled = async () =>
    (await runs()).flatMap(({ tags }) => tags[".dagster/scheduled_execution_time"] ?? []).sort();
  const hours = (...all: number[]) => all.map((hour) => `2026-03-10T${hour}:00:00.000Z`);
  const counted = async () =>
    (await runs()).flatMap(({ tags }) => tags["dagster/run_key"] ?? []).sort((a, b) => Number(a) - Number(b));

  await ended(2);
  clock.advance(HOUR);
  await ended(4);
  await seenAt(NOON - HOUR);
  // Loops rest between two looks, by the same clock.
  const moving = (what: string, read: () => Promise<boolean>) =>
    eventually(what, () => {
      clock.advance(100);
      return read();
    });
  await moving("the sensor follows the clock", async () => (await counted()).length > 2);
  for (const again of [NOON, NOON + HOUR]) {
    await seenAt(again);
    expect(await scheduled()).toEqual(hours(12, 13));
  }
  await seenAt(NOON + 2 * HOUR);
  await moving("the next hour has its run", async () => (await scheduled()).length > 2);
  expect(await scheduled()).toEqual(hours(12, 13, 14));
  const keys = await counted();
  expect(keys).toEqual(keys.map((_, n) => String(n + 1)));
});
