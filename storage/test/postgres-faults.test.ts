import { type Storage, Unavailable } from "@dagster-operator/engine";
import { eventually, exampleEvent, exampleRun, workerBatch } from "@dagster-operator/engine/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openStorage } from "../src/open-storage.ts";
import { type PostgresServer, startPostgres } from "../src/testing/postgres-server.ts";

// A server of its own: these tests stop it.
let server: PostgresServer;
let storage: Storage;
beforeAll(async () => {
  // Durable, or a crash would take back what was acknowledged.
  server = await startPostgres({ durable: true });
  storage = await openStorage(server.url("postgres"));
});
afterAll(async () => {
  await storage.close();
  await server.remove();
});

test.each(["fast", "immediate"] as const)(
  "a server that is stopped (%s) is Unavailable, and all goes on when it is back",
  async (mode) => {
    const run = exampleRun();
    await storage.runs.submit([run]);
    const batch = workerBatch(run.runId, [exampleEvent("LOG_MESSAGE", { message: "once" })]);
    const woken: string[] = [];
    const leave = storage.subscribe("run", (id) => woken.push(id));
    await eventually("it listens", async () => {
      await storage.events.report(run.runId, [exampleEvent("LOG_MESSAGE", {})]);
      return woken.includes(run.runId);
    });
    // Idle connections in the pool, which all break.
    await Promise.all(Array.from({ length: 5 }, () => storage.ping()));

    await server.stop(mode);
    await expect(storage.ping()).rejects.toBeInstanceOf(Unavailable);
    await expect(storage.events.append(batch)).rejects.toThrow(
      /Postgres at 127\.0\.0\.1:\d+\/postgres does not answer/,
    );
    await expect(storage.runs.submit([exampleRun()])).rejects.toBeInstanceOf(Unavailable);
    woken.length = 0;

    await server.start();
    await storage.ping();
    expect((await storage.events.append(batch)).acceptedThrough).toBe(1);
    await eventually("it listens again and says that something may have been missed", () =>
      woken.includes(""),
    );
    await storage.events.report(run.runId, [exampleEvent("LOG_MESSAGE", {})]);
    await eventually("it hears again", () => woken.includes(run.runId));
    leave();
  },
);

test("a server that stops in the middle of many appends leaves each batch whole or absent, and all can be sent again", async () => {
  const runs = Array.from({ length: 4 }, () => exampleRun());
  await storage.runs.submit(runs);
  let refused = 0;
  let stopped = false;
  let back = false;
  /** How many it has sent: until the server has been away, however long it takes to stop. */
  const send = async (runId: string) => {
    let seq = 1;
    while (seq <= 60 || !back) {
      const events = [0, 1, 2].map((n) => exampleEvent("STEP_START", { stepKey: `${seq + n}`, ts: seq + n }));
      try {
        seq = (await storage.events.append(workerBatch(runId, events, seq))).acceptedThrough + 1;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        refused += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      if (seq > 20 && !stopped) {
        stopped = true;
        await server.stop("immediate");
        await server.start();
        back = true;
      }
    }
    return seq - 1;
  };
  const sent = await Promise.all(runs.map(({ runId }) => send(runId)));
  expect(refused).toBeGreaterThan(0);
  for (const [at, { runId }] of runs.entries()) {
    const events = await storage.events.list(runId, { limit: 100_000, types: ["STEP_START"] });
    expect(events.map(({ event }) => event.ts)).toEqual(
      Array.from({ length: sent[at] ?? 0 }, (_, n) => n + 1),
    );
    expect(await storage.runs.steps(runId)).toHaveLength(sent[at] ?? 0);
  }
});

test("a server that was never there is Unavailable and named without its password", async () => {
  const refused = openStorage("postgres://someone:secret@127.0.0.1:1/nothing");
  await expect(refused).rejects.toBeInstanceOf(Unavailable);
  await expect(refused).rejects.toThrow("Postgres at 127.0.0.1:1/nothing does not answer");
  await expect(refused).rejects.not.toThrow(/secret/);
});
