import { eventually, SystemProcess } from "@dagster-operator/engine/testing";
import { withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(args: string[], env: Record<string, string>): SystemProcess {
  const made = new SystemProcess(args, env);
  cleanups.push(() => made.kill());
  return made;
}

test("the daemon of a cluster is ready when its loops turn, shows its metrics and stops on SIGTERM", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const started = start(["daemon", "--probe-port", "0"], { DAGSTER_OPERATOR_DATABASE_URL: url });
  const port = await started.port();
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await eventually("its loops turn", async () => (await get("/readyz")).ok);
  const loops = (await (await get("/readyz")).json()) as { loops: { name: string }[] };
  expect(loops.loops.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["queue", "schedule", "sensor"]),
  );
  expect((await get("/healthz")).status).toBe(200);
  expect(await (await get("/metrics")).text()).toContain("dagster_queue_depth 0");
  expect((await get("/other")).status).toBe(404);
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe(0);
});

test("the migrate process makes the tables and ends", async () => {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  const started = start(["migrate"], { DAGSTER_OPERATOR_DATABASE_URL: url });
  expect([await started.ended, started.output]).toEqual([0, expect.stringContaining("is at this version")]);
});

test("a database that does not answer in time ends the migrate process with 1", async () => {
  const started = start(["migrate", "--wait", "0"], {
    DAGSTER_OPERATOR_DATABASE_URL: "postgres://nobody@127.0.0.1:1/x",
  });
  expect([await started.ended, started.output]).toEqual([1, expect.stringContaining("does not answer")]);
});

test("a process that does not exist is told of, with those that do", async () => {
  const started = start(["scheduler"], {});
  expect([await started.ended, started.output]).toEqual([2, expect.stringContaining("webserver | daemon")]);
});
