import { randomUUID } from "node:crypto";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { EventBatch } from "../ports/event-log.ts";
import type { NewRun } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";

/** What the storage suites are run against. */
export interface StorageSubject {
  /** An empty storage for one test; the subject closes it after the test. */
  fresh(): Promise<Storage>;
  /** Another process' handle on the storage made last; the same handle where only one process can have it. */
  another(): Promise<Storage>;
}

export function exampleRun(over: Partial<NewRun> = {}): NewRun {
  return {
    runId: randomUUID(),
    location: "examples",
    job: "nightly",
    assets: null,
    checks: null,
    steps: null,
    runConfig: {},
    tags: {},
    partition: null,
    parentRunId: null,
    rootRunId: null,
    known: { outputsFrom: {}, mappingKeys: {} },
    codeVersion: "sha256:1",
    idempotencyKey: null,
    ...over,
  };
}

type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** An event with the fields that every event has; `ts` 1000 unless given. */
export function exampleEvent<T extends RunEvent["type"]>(
  type: T,
  fields: Omit<Of<T>, "type" | "ts" | "level" | "message"> & Partial<Pick<Of<T>, "ts" | "level" | "message">>,
): Of<T> {
  return { type, ts: 1000, level: "INFO", message: type, ...fields } as unknown as Of<T>;
}

export const planEvent = (assets: string[][], partition?: string) =>
  exampleEvent("RUN_PLAN", {
    steps: assets.map((key) => ({ key: key.join("__"), node: key.join("__"), assets: [key], upstream: [] })),
    assets,
    partition,
  });

export const materialization = (
  asset: string[],
  over: Partial<Of<"ASSET_MATERIALIZATION">> = {},
): Of<"ASSET_MATERIALIZATION"> => exampleEvent("ASSET_MATERIALIZATION", { asset, metadata: {}, ...over });

/** A batch of the first worker attempt; sequence numbers from `first`. */
export function workerBatch(runId: string, events: RunEvent[], first = 1, attempt = 1): EventBatch {
  return {
    runId,
    producer: `worker:${attempt}`,
    attempt,
    events: events.map((event, index) => ({ seq: first + index, event })),
  };
}

/** Submits a run and gets it started by its worker: STARTED, attempt 1. */
export async function startedRun(storage: Storage, over: Partial<NewRun> = {}): Promise<NewRun> {
  const run = exampleRun(over);
  await storage.runs.submit([run]);
  await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 100);
  for (const { id } of await storage.compute.claim("example", 100, 60_000)) await storage.compute.done(id);
  await storage.events.append({
    ...workerBatch(run.runId, [exampleEvent("RUN_START", {})]),
    producer: "worker:start",
  });
  return run;
}

/** What a test knows to be there. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("expected a value, and there is none");
  return value;
}
