import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "@dagster-operator/engine/testing";
import { withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";

const launcher = fileURLToPath(new URL("../../bin/dagster-operator", import.meta.url));
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The process as the image starts it. */
function start(args: string[], env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ["--conditions=source", launcher, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (said += data));
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });
  return { child, output: () => said };
}
test("the daemon of a cluster is ready when its loops turn, shows its metrics and stops on SIGTERM", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const { child, output } = start(["daemon", "--probe-port", "0"], { DAGSTER_OPERATOR_DATABASE_URL: url });
  const port = await eventually("it says its port", () => /"port":(\d+)/.exec(output())?.[1]);
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await eventually("its loops turn", async () => (await get("/readyz")).ok);
  const loops = (await (await get("/readyz")).json()) as { loops: { name: string }[] };
  expect(loops.loops.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["queue", "schedule", "sensor"]),
  );
  expect((await get("/healthz")).status).toBe(200);
  expect(await (await get("/metrics")).text()).toContain("dagster_queue_depth 0");
  expect((await get("/other")).status).toBe(404);
  child.kill("SIGTERM");
  expect((await once(child, "close"))[0]).toBe(0);
});

test("the migrate process makes the tables and ends", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const { child, output } = start(["migrate"], { DAGSTER_OPERATOR_DATABASE_URL: url });
  expect([(await once(child, "close"))[0], output()]).toEqual([
    0,
    expect.stringContaining("is at this version"),
  ]);
});

test("a database that does not answer in time ends the migrate process with 1", async () => {
  const { child, output } = start(["migrate", "--wait", "0"], {
    DAGSTER_OPERATOR_DATABASE_URL: "postgres://nobody@127.0.0.1:1/x",
  });
  expect([(await once(child, "close"))[0], output()]).toEqual([
    1,
    expect.stringContaining("does not answer"),
  ]);
});

test("a process that does not exist is told of, with those that do", async () => {
  const { child, output } = start(["scheduler"], {});
  expect([(await once(child, "close"))[0], output()]).toEqual([
    2,
    expect.stringContaining("webserver | daemon"),
  ]);
});
