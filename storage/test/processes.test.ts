import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Conflict } from "@dagster-operator/engine";
import { exampleRun } from "@dagster-operator/engine/testing";
import { afterEach, expect, test } from "@jest/globals";
import { openStorage } from "../src/open-storage.ts";
import { withPostgres } from "../src/testing/postgres.ts";
import { type Child, spawnChild } from "./spawn-child.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "dagster-operator-storage-"));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}
async function postgres(): Promise<string> {
  const { url, drop } = await withPostgres();
  cleanups.push(drop);
  return url;
}
function child(command: string, target: string, argument = "", env: NodeJS.ProcessEnv = {}): Child {
  const made = spawnChild([command, target, argument], env);
  cleanups.push(() => {
    made.process.kill("SIGKILL");
    return made.ended;
  });
  return made;
}

test("a folder survives a restart", async () => {
  const dir = await folder();
  const run = exampleRun({ runConfig: { kept: true } });
  const first = await openStorage(dir);
  await first.runs.submit([run]);
  const secret = await first.setting("token_secret", () => "s1");
  await first.close();
  const second = await openStorage({ dir });
  expect(await second.runs.get(run.runId)).toMatchObject({ ...run, status: "QUEUED" });
  expect(await second.setting("token_secret", () => "s2")).toBe(secret);
  await second.close();
});

test("a folder in use is refused by its name and the pid, and free again when that process is killed", async () => {
  const dir = await folder();
  const holder = child("hold", dir);
  await holder.printed(1);
  const refused = openStorage(dir);
  await expect(refused).rejects.toBeInstanceOf(Conflict);
  await expect(refused).rejects.toThrow(new RegExp(`${dir} is in use by process ${holder.process.pid}\\b`));
  holder.process.kill("SIGKILL");
  await holder.ended;
  const storage = await openStorage(dir);
  await storage.ping();
  await expect(openStorage(dir)).rejects.toThrow(`in use by process ${process.pid}`);
  await storage.close();
  expect(await readdir(dir)).toEqual(["pglite"]);
});

test("a lock that says nothing, or names a process that only has the pid of the one that held it, is taken over", async () => {
  const dir = await folder();
  const lock = join(dir, "dagster-operator.lock");
  for (const stale of [
    "",
    "not json",
    JSON.stringify({ pid: process.ppid, host: hostname(), started: "1" }),
  ]) {
    await writeFile(lock, stale);
    const storage = await openStorage(dir);
    expect(JSON.parse(await readFile(lock, "utf8"))).toMatchObject({ pid: process.pid });
    await storage.close();
  }
});

test("of processes that start at once on a folder with a stale lock one has it", async () => {
  const dir = await folder();
  await (await openStorage(dir)).close();
  await writeFile(
    join(dir, "dagster-operator.lock"),
    JSON.stringify({ pid: 2 ** 22, host: hostname(), started: "" }),
  );
  const children = Array.from({ length: 4 }, () => child("hold", dir));
  const outcomes = await Promise.allSettled(children.map((each) => each.printed(1)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected")
      expect(String(outcome.reason)).toContain(`${dir} is in use by process`);
  }
});

test.each(["PGlite", "Postgres"])(
  "what was acknowledged on %s is there after the writer is killed, and nothing twice",
  async (kind) => {
    const target = kind === "PGlite" ? await folder() : await postgres();
    const run = exampleRun();
    const before = await openStorage(target);
    await before.runs.submit([run]);
    await before.close();
    const writer = child("append", target, run.runId);
    await writer.printed(20);
    writer.process.kill("SIGKILL");
    await writer.ended;
    const acknowledged = Math.max(...writer.lines.filter((line) => typeof line === "number"));
    const storage = await openStorage(target);
    cleanups.push(() => storage.close());
    const events = await storage.events.list(run.runId, { limit: 100_000, types: ["STEP_START"] });
    const stored = events.map(({ event }) => event.ts);
    expect(stored).toEqual(stored.map((_, n) => n + 1));
    expect(stored.length).toBeGreaterThanOrEqual(acknowledged);
    // Whole batches only, and the steps are those of the events.
    expect(stored.length % 10).toBe(0);
    expect(await storage.runs.steps(run.runId)).toHaveLength(stored.length);
  },
);

test("processes that race for the same keys, runs and requests get each once", async () => {
  const url = await postgres();
  const children = Array.from({ length: 3 }, () => child("race", url));
  const results = await Promise.all(
    children.map(
      async (each) => (await each.printed(2))[1] as Record<"created" | "dequeued" | "claimed", string[]>,
    ),
  );
  const all = (what: "created" | "dequeued" | "claimed") => results.flatMap((result) => result[what]);
  expect(all("created")).toHaveLength(50);
  expect(all("dequeued")).toHaveLength(40);
  expect(new Set(all("dequeued")).size).toBe(40);
  expect(all("claimed").toSorted()).toEqual(all("dequeued").toSorted());
});

test("without a cache folder that can be written an embedded database still opens", async () => {
  const holder = child("hold", await folder(), "", { XDG_CACHE_HOME: "/dev/null/nowhere" });
  expect(await holder.printed(1)).toEqual(["open"]);
});
