import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Data, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());

const QUERY = `subscription ($id: ID!, $c: String) { pipelineRunLogs(runId: $id, cursor: $c) { __typename
  ... on PipelineRunLogsSubscriptionSuccess { cursor hasMorePastEvents messages { ... on MessageEvent { message } } }
  ... on PipelineRunLogsSubscriptionFailure { message missingRunId } } }`;

/** Payloads as they come; ends with the stream, which must say that it is complete. */
async function* follow(runId: string, cursor: string | null = null): AsyncGenerator<Data> {
  const response = await fetch(`${system.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ query: QUERY, variables: { id: runId, c: cursor } }),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      if (block.startsWith("event: complete")) return;
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data) yield JSON.parse(data).data.pipelineRunLogs;
    }
  }
  throw new Error("the stream broke off before it was complete");
}
const log = (seq: number) => ({
  seq,
  event: { type: "LOG_MESSAGE" as const, ts: seq, level: "INFO" as const, message: `m${seq}` },
});
const append = (runId: string, from: number, to: number) =>
  system.storage.events.append({
    runId,
    producer: "worker:1",
    attempt: 1,
    events: Array.from({ length: to - from + 1 }, (_, i) => log(from + i)),
  });
const own = (payload: Data): string[] =>
  payload.messages.map((event: Data) => event.message).filter((message: string) => /^m\d+$/.test(message));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${i + 1}`);

test("history and what comes live arrive once each, in order, until the run has ended", async () => {
  const runId = await system.launch();
  await system.start(runId);
  await append(runId, 1, 1000);
  await append(runId, 1001, 1500);
  const seen: string[] = [];
  let written = 1500;
  for await (const payload of follow(runId)) {
    expect(payload.messages.length).toBeLessThanOrEqual(1000);
    seen.push(...own(payload));
    // Writing while the stream is read: between two payloads, and several commits for one.
    if (!payload.hasMorePastEvents && written < 1700) {
      for (let i = 0; i < 4; i++, written += 25) await append(runId, written + 1, written + 25);
      if (written === 1700) await system.storage.runs.cancel(runId, { force: true });
    }
  }
  expect(seen).toEqual(numbered(1700));
});

test("a cursor goes on exactly after the payload that gave it", async () => {
  const runId = await system.launch();
  await system.start(runId);
  await append(runId, 1, 30);
  const first = follow(runId);
  const { value: payload } = await first.next();
  await first.return(undefined);
  await append(runId, 31, 40);
  await system.storage.runs.cancel(runId, { force: true });
  const rest: string[] = [];
  for await (const next of follow(runId, payload.cursor)) rest.push(...own(next));
  expect([...own(payload), ...rest]).toEqual(numbered(40));
});

test("a run that does not exist is told, and the stream is complete", async () => {
  const payloads: Data[] = [];
  for await (const payload of follow("x")) payloads.push(payload);
  expect(payloads).toEqual([
    { __typename: "PipelineRunLogsSubscriptionFailure", message: "Run x does not exist.", missingRunId: "x" },
  ]);
});

test("a client that goes leaves nothing behind, though the run is quiet", async () => {
  const runId = await system.launch();
  const { subscribe } = system.storage;
  let open = 0;
  let released: () => void = () => undefined;
  const allReleased = new Promise<void>((resolve) => {
    released = resolve;
  });
  system.storage.subscribe = (channel, handler) => {
    open++;
    const unsubscribe = subscribe(channel, handler);
    return () => {
      unsubscribe();
      if (--open === 0) released();
    };
  };
  const stream = follow(runId);
  await stream.next();
  expect(open).toBe(1);
  await stream.return(undefined);
  await allReleased;
  system.storage.subscribe = subscribe;
});

test("closing the server ends open streams", async () => {
  const other = await startSystem();
  const mine = system;
  system = other;
  const runId = await other.launch();
  const payloads: Data[] = [];
  for await (const payload of follow(runId)) {
    payloads.push(payload);
    void other.server.close();
  }
  system = mine;
  await other.close();
  expect(payloads).toHaveLength(1);
});
