import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type System, startSystem } from "./system.ts";

let system: System;
let runId: string;
let token: string;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());
beforeEach(async () => {
  runId = await system.launch();
  token = await system.start(runId);
});

const at = (path: string, bearer = token, init: RequestInit = {}) =>
  fetch(`${system.url}/run-api/v1/runs/${runId}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${bearer}`, ...(init.headers as Record<string, string>) },
  });
const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const event = (seq: number, type = "LOG_MESSAGE", more = {}) => ({
  seq,
  event: { type, ts: seq, level: "INFO", message: `m${seq}`, ...more },
});
const post = (seqs: number[], producer = "worker:1", bearer = token) =>
  at("/events", bearer, json({ producer, events: seqs.map((seq) => event(seq)) }));

describe("who may ask", () => {
  test("no token, a made-up one and another run's are 401 with a reason", async () => {
    const none = await fetch(`${system.url}/run-api/v1/runs/${runId}`);
    const other = await system.launch();
    const answers = [none, await at("", "nonsense"), await at("", system.token(other, 1))];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(await answers[2]?.json()).toEqual({ error: expect.stringContaining("another run") });
  });

  test("the run's token gets everything that a worker needs", async () => {
    const answer = await at("");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      runId,
      job: "counting",
      location: "shop",
      attempt: 1,
      runConfig: { ops: { count: { config: { upTo: 3 } } } },
      partition: null,
    });
  });

  test("an attempt lower than the newest is fenced with 409", async () => {
    const fenced = [
      await at("", system.token(runId, 0)),
      await post([1], "worker:0", system.token(runId, 0)),
    ];
    expect(fenced.map(({ status }) => status)).toEqual([409, 409]);
  });

  test("a run that has ended is 410, and its last events are still taken", async () => {
    await system.storage.runs.cancel(runId, { force: true });
    expect((await at("")).status).toBe(410);
    const late = await post([1]);
    expect([late.status, await late.json()]).toEqual([
      200,
      { acceptedThrough: 1, status: "CANCELED", cancel: true },
    ]);
  });

  test("a run that was deleted is 404", async () => {
    await system.storage.runs.cancel(runId, { force: true });
    await system.storage.runs.delete(runId);
    expect((await at("")).status).toBe(404);
  });
});

describe("events", () => {
  test("a batch sent twice is stored once", async () => {
    expect(await (await post([1, 2])).json()).toMatchObject({ acceptedThrough: 2, cancel: false });
    expect(await (await post([1, 2, 3])).json()).toMatchObject({ acceptedThrough: 3 });
    const stored = await system.storage.events.list(runId, { limit: 100, types: ["LOG_MESSAGE"] });
    expect(stored.map((record) => record.event.message)).toEqual(["m1", "m2", "m3"]);
  });

  test("a gap is 409 and nothing of the batch is stored", async () => {
    await post([1]);
    expect((await post([3])).status).toBe(409);
    expect(await system.storage.events.list(runId, { limit: 100, types: ["LOG_MESSAGE"] })).toHaveLength(1);
  });

  test("what is no event, or no worker's, is 400 with the place", async () => {
    const wrong = await at(
      "/events",
      token,
      json({ producer: "worker:1", events: [event(1, "STEP_SUCCESS")] }),
    );
    expect(wrong.status).toBe(400);
    expect(((await wrong.json()) as { error: string }).error).toContain("durationMs");
    expect((await post([1], "control-plane:x")).status).toBe(400);
  });

  test("a body above 16 MiB is refused with 413", async () => {
    const huge = await at("/logs/count/out", token, {
      method: "POST",
      body: new Uint8Array(17 * 1024 * 1024),
      headers: { "content-type": "application/octet-stream" },
    });
    expect(huge.status).toBe(413);
  });
});

describe("logs", () => {
  const append = (offset: number, text: string) =>
    at(`/logs/count/out?offset=${offset}`, token, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: text,
    });
  const read = (query = "") => fetch(`${system.url}/logs/${runId}/count/out${query}`);

  test("chunks are joined, a repeated one changes nothing, one beyond the end is 409", async () => {
    expect((await append(0, "hello ")).status).toBe(204);
    expect((await append(6, "wörld\n")).status).toBe(204);
    expect((await append(0, "hello ")).status).toBe(204);
    expect((await append(100, "x")).status).toBe(409);
    const whole = await read();
    expect(whole.headers.get("content-type")).toContain("text/plain");
    expect(await whole.text()).toBe("hello wörld\n");
  });

  test("it is read from an offset, from the end, and with nothing new", async () => {
    await append(0, "0123456789");
    const tail = await read("?offset=-4");
    expect([tail.headers.get("x-log-offset"), tail.headers.get("x-log-size"), await tail.text()]).toEqual([
      "6",
      "10",
      "6789",
    ]);
    const none = await read("?offset=10");
    expect([none.status, await none.text()]).toEqual([200, ""]);
    expect((await read("?offset=x")).status).toBe(400);
    expect((await fetch(`${system.url}/logs/no-such-run/count/out`)).status).toBe(404);
  });

  test("GraphQL follows it by cursor without cutting a character in two", async () => {
    await append(0, "äöü");
    const logs = async (cursor: string | null) =>
      (
        await system.gql(
          "query ($k: [String!]!, $c: String) { capturedLogs(logKey: $k, cursor: $c, limit: 5) { stdout stderr cursor } }",
          { k: [runId, "compute_logs", "count"], c: cursor },
        )
      ).capturedLogs;
    const first = await logs(null);
    expect(first).toEqual({ stdout: "äö", stderr: null, cursor: "4:0" });
    expect((await logs(first.cursor)).stdout).toBe("ü");
  });
});

describe("control", () => {
  test("a long poll answers as soon as somebody cancels", async () => {
    await at("/events", token, json({ producer: "worker:1", events: [event(1, "RUN_START")] }));
    const waiting = at("/control?wait=30");
    await system.storage.runs.cancel(runId);
    expect(await (await waiting).json()).toEqual({ status: "CANCELING", cancel: true });
  });

  test("without a wait it answers at once", async () => {
    expect(await (await at("/control")).json()).toEqual({ status: "STARTING", cancel: false });
  });
});

describe("what a step may ask", () => {
  test("the latest materialization of an asset, of any partition or of one", async () => {
    const key = ["raw", "a/b"];
    for (const partition of ["x", "y"])
      await system.storage.assets.reportExternal({
        type: "ASSET_MATERIALIZATION",
        ts: 1,
        level: "INFO",
        message: "",
        asset: key,
        metadata: {},
        partition,
      });
    const latest = async (query: string) =>
      (
        (await (await at(`/assets/raw/a%2Fb/latest${query}`)).json()) as {
          event: { partition: string } | null;
        }
      ).event;
    expect((await latest(""))?.partition).toBe("y");
    expect((await latest("?partition=x"))?.partition).toBe("x");
    expect(await latest("?partition=z")).toBeNull();
  });

  test("dynamic partitions are added, listed and deleted", async () => {
    expect((await at("/dynamic-partitions/files", token, json({ add: ["a", "b"], delete: [] }))).status).toBe(
      204,
    );
    expect((await at("/dynamic-partitions/files", token, json({ add: [], delete: ["a"] }))).status).toBe(204);
    expect(await (await at("/dynamic-partitions/files")).json()).toEqual({ keys: ["b"] });
  });
});

describe("slots of pools", () => {
  const slots = (keys: string[], wait = 0) =>
    at("/slots", token, json({ slots: keys.map((stepKey) => ({ stepKey, pool: "db", priority: 0 })), wait }));

  test("are given up to the limit; a long poll answers when one becomes free", async () => {
    await system.gql(`mutation { setConcurrencyLimit(concurrencyKey: "db", limit: 1) }`);
    expect(await (await slots(["a"])).json()).toEqual({ held: ["a"] });
    expect(await (await slots(["b", "c"])).json()).toEqual({ held: [] });
    const waiting = slots(["b", "c"], 30);
    const { instance } = await system.gql(`{ instance {
      poolConfig { poolGranularity defaultPoolLimit opGranularityRunBuffer }
      concurrencyLimit(concurrencyKey: "db") {
        concurrencyKey limit slotCount usingDefaultLimit activeSlotCount pendingStepCount activeRunIds
        claimedSlots { runId stepKey } pendingSteps { stepKey enqueuedTimestamp priority }
      }
    } }`);
    expect(instance).toMatchObject({
      poolConfig: { poolGranularity: "op", defaultPoolLimit: null, opGranularityRunBuffer: 0 },
      concurrencyLimit: {
        concurrencyKey: "db",
        limit: 1,
        slotCount: 1,
        usingDefaultLimit: false,
        activeSlotCount: 1,
        pendingStepCount: 2,
        activeRunIds: [runId],
        claimedSlots: [{ runId, stepKey: "a" }],
        pendingSteps: [{ stepKey: "b" }, { stepKey: "c" }],
      },
    });
    const end = event(1, "STEP_SUCCESS", { stepKey: "a", durationMs: 1 });
    await at("/events", token, json({ producer: "worker:1", events: [end] }));
    expect(await (await waiting).json()).toEqual({ held: ["b"] });
    await system.gql(`mutation { freeConcurrencySlotsForRun(runId: "${runId}") }`);
    await system.gql(`mutation { deleteConcurrencyLimit(concurrencyKey: "db") }`);
  });

  test("what is asked for wrongly is 400, and of a run that has ended 410", async () => {
    expect((await slots([])).status).toBe(400);
    await system.storage.runs.cancel(runId, { force: true });
    expect((await slots(["a"])).status).toBe(410);
  });

  test("a limit that is no number of slots is refused in words", async () => {
    const answer = await fetch(`${system.url}/graphql`, {
      ...json({ query: `mutation { setConcurrencyLimit(concurrencyKey: "db", limit: 1001) }` }),
    });
    expect(await answer.text()).toContain("give a number from 0 (nothing starts) to 1000");
  });
});
