import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Storage, systemClock, type Webhook } from "@dagster-operator/engine";
import { eventually, exampleRun, MemoryWorkspace } from "@dagster-operator/engine/testing";
import { openStorage } from "@dagster-operator/storage";
import { type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, startDaemon } from "../src/index.ts";

let database: TestDatabase;
const storages: Storage[] = [];
let server: Server;
const received: { headers: Record<string, unknown>; body: string }[] = [];
/** Answers, taken from the front; then 204. */
const answers: number[] = [];
beforeAll(async () => {
  database = await withPostgres();
  for (let n = 0; n < 3; n++) storages.push(await openStorage(database.url));
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => {
      body += data.toString();
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
const daemons: Daemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.close();
  received.length = 0;
});
afterAll(async () => {
  for (const storage of storages) await storage.close();
  await database.drop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const hook = (name: string, over: Partial<Webhook> = {}): Webhook => ({
  name,
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
  secret: "s3cret",
  events: ["RUN_SUCCESS", "RUN_FAILURE"],
  jobs: [],
  timeoutMs: 60_000,
  maxTries: 5,
  ...over,
});
const start = async (...webhooks: Webhook[]) => {
  for (const storage of storages)
    daemons.push(
      startDaemon({
        storage,
        workspace: new MemoryWorkspace(),
        clock: systemClock,
        log: pino({ level: "silent" }),
        metrics: new Registry(),
        loops: ["webhooks"],
        config: { webhooks },
      }),
    );
  await eventually("the loops have begun", () =>
    daemons.every((daemon) => daemon.health()[0]?.lastIterationAt != null),
  );
};
const run = async (type: "RUN_SUCCESS" | "RUN_FAILURE", job = "nightly") => {
  const storage = storages[0] as Storage;
  const { runId } = exampleRun();
  await storage.runs.submit([exampleRun({ runId, job, tags: { team: "a" } })]);
  await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 100);
  const at = { ts: Date.now(), level: "INFO" as const, message: "" };
  await storage.events.report(runId, [
    { ...at, type: "RUN_START" },
    { ...at, type, ...(type === "RUN_FAILURE" ? { error: { name: "RunFailure", message: "no" } } : {}) },
  ]);
  return runId;
};
/** Nobody listens there, and the system gives the port to no connection. */
const CLOSED = "http://127.0.0.1:2/";
const settled = (loop: string, count: number) =>
  eventually(`${count} deliveries are settled`, async () => {
    const notices = await (storages[0] as Storage).notices.list(loop, 100);
    return notices.length === count && notices.every(({ endedAt }) => endedAt !== null) ? notices : null;
  });

test("each event is told once by three daemons, signed, with what a receiver needs", async () => {
  const began = Math.floor(Date.now() / 1000);
  await start(hook("alerts"));
  const runs = [await run("RUN_SUCCESS"), await run("RUN_FAILURE"), await run("RUN_SUCCESS")];
  await settled("webhook:alerts", 3);
  expect(received).toHaveLength(3);
  const bodies = received.map(({ body }) => JSON.parse(body));
  expect(bodies.map((body) => body.run.runId).sort()).toEqual(runs.sort());
  expect(bodies.find((body) => body.type === "run_failure")).toMatchObject({
    run: {
      jobName: "nightly",
      location: "examples",
      status: "FAILURE",
      tags: { team: "a" },
      error: { name: "RunFailure", message: "no" },
    },
  });
  for (const { headers, body } of received) {
    const signed = createHmac("sha256", "s3cret")
      .update(`${headers["webhook-timestamp"]}.${body}`)
      .digest("hex");
    expect(headers["webhook-signature"]).toBe(`v1=${signed}`);
    expect(Number(headers["webhook-timestamp"])).toBeGreaterThanOrEqual(began);
    expect(headers["webhook-id"]).toBe(JSON.parse(body).id);
  }
});

test("a receiver that fails first is told again, with the same id; another webhook is not held up", async () => {
  answers.push(500, 302);
  await start(hook("flaky", { secret: null }), hook("dead", { url: CLOSED, maxTries: 1 }));
  await run("RUN_SUCCESS");
  const [flaky] = await settled("webhook:flaky", 1);
  expect(flaky).toMatchObject({ tries: 3, error: null });
  expect(received).toHaveLength(3);
  expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(received[0]?.headers["webhook-signature"]).toBeUndefined();
  const [dead] = await settled("webhook:dead", 1);
  expect(dead?.error).toMatch(/^given up after 1 try: .*ECONNREFUSED/);
});

test("only the events and jobs that it wants", async () => {
  await start(hook("picky", { events: ["RUN_FAILURE"], jobs: ["nightly"] }));
  await run("RUN_SUCCESS");
  await run("RUN_FAILURE", "other");
  const wanted = await run("RUN_FAILURE");
  await settled("webhook:picky", 2);
  expect(received.map(({ body }) => JSON.parse(body).run.runId)).toEqual([wanted]);
});
