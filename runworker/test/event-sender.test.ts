import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { EventSender, GaveUp } from "../src/events/event-sender.ts";
import { Outbox } from "../src/events/outbox.ts";
import { recoverSpool, spoolFile } from "../src/events/recover.ts";
import { Fenced, RunApiClient } from "../src/run-api/run-api-client.ts";
import { RunApiServer } from "./run-api-server.ts";

const PRODUCER = "worker:1";
let folder: string;
let server: RunApiServer;
let api: RunApiClient;
let stopped: unknown[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sender-"));
  server = await new RunApiServer().start();
  server.add({ runId: "r" });
  api = client();
  stopped = [];
});
afterEach(async () => {
  api.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const client = () => new RunApiClient({ url: server.url, token: "token-r", runId: "r", giveUpMs: 300_000 });
const line = (n: number): RunEvent => ({ type: "LOG_MESSAGE", ts: n, level: "INFO", message: `line ${n}` });
const messages = () => server.run("r").events.map(({ event }) => event.message);
const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i}`);
const file = () => spoolFile(folder, "r", PRODUCER);
/** Time passes at once, so that minutes of an absent API take none. */
let quickNow = 0;
const quick: Clock = {
  now: () => quickNow,
  sleep: async (ms) => {
    quickNow += ms;
  },
};

function sender(options: { clock?: Clock; giveUpMs?: number } = {}): EventSender {
  return new EventSender({
    producer: PRODUCER,
    outbox: new Outbox(1, { file: file() }),
    post: (producer, batch) => api.postEvents(producer, batch),
    giveUpMs: options.giveUpMs ?? 600_000,
    clock: options.clock ?? systemClock,
    onControl: () => {},
    onStop: (error) => stopped.push(error),
  });
}

test("stores 2,000 events in order, in batches", async () => {
  const events = sender();
  for (let i = 0; i < 2000; i++) events.emit(line(i));
  await events.flush();
  expect(messages()).toEqual(lines(2000));
  events.close();
  expect(existsSync(file())).toBe(false);
});

test("sends without being asked, soon after an event", async () => {
  const events = sender();
  events.emit(line(0));
  await server.until(() => messages().length === 1);
  events.close();
});

test("loses and doubles nothing over errors, refused connections and answers broken off in the middle", async () => {
  const events = sender();
  server.faults = ["error", "drop", "refuse", null, "drop", "drop", "error", null, "refuse"];
  for (let i = 0; i < 3000; i++) {
    events.emit(line(i));
    if (i % 700 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await events.flush();
  expect(messages()).toEqual(lines(3000));
  events.close();
});

test("keeps events in the spool file while the API is away and sends them when it is back", async () => {
  const events = sender();
  events.emit(line(0));
  await events.flush();
  await server.stop();
  for (let i = 1; i < 1500; i++) events.emit(line(i));
  const flushed = events.flush();
  while (!existsSync(file()) || readFileSync(file(), "utf8").split("\n").length < 1500) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await server.start();
  await flushed;
  expect(messages()).toEqual(lines(1500));
  events.close();
  expect(existsSync(file())).toBe(false);
});

test("an offer waits until what was emitted is stored, or the API turns out to be away", async () => {
  const events = sender();
  events.emit(line(0));
  await events.offer();
  expect(messages()).toEqual(lines(1));
  await server.stop();
  events.emit(line(1));
  await events.offer();
  await server.start();
  await events.flush();
  expect(messages()).toEqual(lines(2));
  events.close();
});

test("gives up in the end, and the next worker sends what is in the spool", async () => {
  const events = sender({ clock: quick, giveUpMs: 600_000 });
  await server.stop();
  for (let i = 0; i < 700; i++) events.emit(line(i));
  await expect(events.flush()).rejects.toThrow(GaveUp);
  expect(stopped[0]).toBeInstanceOf(GaveUp);
  events.emit(line(700));
  events.close();
  await server.start();
  const control = await recoverSpool(folder, "r", (producer, batch) => api.resendEvents(producer, batch));
  expect(control?.status).toBe("STARTING");
  expect(messages()).toEqual(lines(701));
  expect((await api.resendEvents(PRODUCER, [])).acceptedThrough).toBe(701);
});

test("stops at once when a newer attempt holds the run", async () => {
  const events = sender();
  server.attempt = 2;
  events.emit(line(0));
  await expect(events.flush()).rejects.toThrow(Fenced);
  expect(stopped[0]).toMatchObject({ status: 409 });
  expect(messages()).toEqual([]);
  events.close();
  expect(existsSync(file())).toBe(false);
});

test("the client repeats questions while the API is away and gives the API's own words when it refuses", async () => {
  server.faults = ["error", "refuse", "drop"];
  expect((await api.context()).runId).toBe("r");
  await api.addDynamicPartitions("cities", ["rome", "oslo"]);
  await api.deleteDynamicPartitions("cities", ["oslo"]);
  expect(await api.dynamicPartitions("cities")).toEqual(["rome"]);
  const stranger = new RunApiClient({ url: server.url, token: "no", runId: "r", giveUpMs: 1 });
  await expect(stranger.context()).rejects.toThrow(/answered 401: bad token/);
  stranger.close();
});
