import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { KubeClient } from "../src/kube/client.ts";
import { electLeader } from "../src/runtime/leader-election.ts";
import { type Answer, failure, json, type Scripted, scripted } from "./api-server.ts";

/** A Lease as the API server keeps it. `before` is called with each request, and may keep its answer back. */
let holder: string | undefined;
let before: (method: string) => Promise<void> | undefined = () => undefined;
const lease: Answer = async (request, response) => {
  const method = request.method ?? "";
  let text = "";
  for await (const chunk of request) text += chunk;
  await before(method);
  if (method === "GET" && holder === undefined) return failure(404, "NotFound")(request, response);
  if (method !== "GET") holder = JSON.parse(text).spec.holderIdentity;
  const spec = { holderIdentity: holder, leaseDurationSeconds: 1 };
  json(200, { metadata: { name: "l", namespace: "n", resourceVersion: "1" }, spec })(request, response);
};

let api: Scripted;
let client: KubeClient;
let stop: AbortController;
const terms: AbortSignal[] = [];
beforeEach(async () => {
  holder = undefined;
  before = () => undefined;
  terms.length = 0;
  stop = new AbortController();
  api = await scripted([lease]);
  client = new KubeClient({ server: api.server, namespace: "n" });
});
afterEach(async () => {
  client.close();
  await api.close();
});
const elect = (leaseMs: number, onFault?: (error: unknown) => void) =>
  electLeader(
    {
      client,
      namespace: "n",
      name: "l",
      identity: "me",
      leaseMs,
      intervalMs: 20,
      ...(onFault && { onFault }),
    },
    (signal) =>
      new Promise((resolve) => {
        terms.push(signal);
        signal.addEventListener("abort", () => resolve());
      }),
    stop.signal,
  );

test.each(["GET", "POST"])(
  "a candidate that is stopped while it waits for its %s never leads and holds nothing",
  async (at) => {
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    before = (method) => {
      if (method !== at) return;
      before = () => undefined;
      asked.resolve();
      return answer.promise;
    };
    const running = elect(60_000);
    await asked.promise;
    stop.abort();
    answer.resolve();
    await running;
    expect(terms).toEqual([]);
    expect(holder ?? "").toBe("");
  },
);

test("a leader whose renewals get no answer has stopped before its lease is over, and may lead again", async () => {
  const faults: unknown[] = [];
  const running = elect(3_000, (error) => faults.push(error));
  while (terms.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const lost = new Promise((resolve) => terms[0]?.addEventListener("abort", resolve));
  before = () => new Promise(() => undefined);
  await lost;
  before = () => undefined;
  while (terms.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(faults.join()).toContain("no whole answer within 1 s");
  stop.abort();
  await running;
  expect(terms.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect(holder).toBe("");
});
