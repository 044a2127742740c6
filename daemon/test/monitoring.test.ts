import { type Storage, submitRun } from "@dagster-operator/engine";
import {
  eventually,
  exampleBackfill,
  inProcessCode,
  ManualClock,
  MemoryWorkspace,
} from "@dagster-operator/engine/testing";
import { Definitions, job, op } from "@dagster-operator/sdk";
import { openStorage } from "@dagster-operator/storage";
import { type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, type DaemonOptions, DEFAULT_CONFIG, startDaemon } from "../src/index.ts";

const log = pino({ level: "silent" });
const LIMITS = { maxConcurrentRuns: -1, tagLimits: [] };
const at = { ts: 1, level: "INFO" as const, message: "it happened" };
const one = op("one", () => 1);
const two = op("two", { inputs: { value: one } }, () => 2);
const pair = job("pair", () => void two({ value: one() }));

let database: TestDatabase;
const storages: Storage[] = [];
beforeAll(async () => {
  database = await withPostgres();
  for (let n = 0; n < 3; n++) storages.push(await openStorage(database.url));
});
afterAll(async () => {
  for (const storage of storages) await storage.close();
  await database.drop();
});

const daemons: Daemon[] = [];
let workspace: MemoryWorkspace;
let clock: ManualClock;
let storage: Storage;
beforeEach(() => {
  storage = storages[0] as Storage;
  workspace = new MemoryWorkspace();
  workspace.set("here", new Definitions({ jobs: [pair] }));
  clock = new ManualClock(Date.now());
});
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.close();
});
const start = (count: number, loops: DaemonOptions["loops"], config: DaemonOptions["config"] = {}) => {
  for (const each of storages.slice(0, count))
    daemons.push(
      startDaemon({ storage: each, workspace, clock, log, metrics: new Registry(), loops, config }),
    );
};
const submit = async (tags: Record<string, string> = {}, location = "here") =>
  (
    await submitRun(
      { storage, workspace, now: () => clock.now(), newId: () => crypto.randomUUID() },
      { location, job: "pair", tags },
    )
  ).runId;
const started = async (tags: Record<string, string> = {}, location = "here") => {
  const runId = await submit(tags, location);
  await storage.runs.dequeue(LIMITS, 100);
  for (const { id } of await storage.compute.claim("test", 100, 60_000)) await storage.compute.done(id);
  await storage.events.report(runId, [
    { ...at, type: "RUN_START", ts: clock.now() },
    { ...at, type: "STEP_START", stepKey: "one" },
  ]);
  return runId;
};
const failed = async (tags: Record<string, string>, location = "here") => {
  const runId = await started(tags, location);
  await storage.events.report(runId, [
    { ...at, type: "STEP_SUCCESS", stepKey: "one", durationMs: 1 },
    { ...at, type: "STEP_FAILURE", stepKey: "two", error: { name: "Error", message: "no" } },
    { ...at, type: "RUN_FAILURE", error: { name: "RunFailure", message: "1 step failed: two." } },
  ]);
  return runId;
};
const children = (runId: string) =>
  storage.runs.list({ tags: [{ key: "dagster/parent_run_id", values: [runId] }] }, { limit: 100 });
const messages = async (runId: string) =>
  (await storage.events.list(runId, { limit: 100 })).map(({ event }) => event.message);

describe("monitoring", () => {
  test("fails a run that takes longer than its tag allows, once with three daemons, and has its worker stopped", async () => {
    start(3, ["monitoring"]);
    const runId = await started({ "dagster/max_runtime": "60" });
    const other = await started();
    clock.advance(61_000);
    await eventually("it ends", async () => (await storage.runs.get(runId))?.status === "FAILURE");
    expect((await storage.runs.get(runId))?.error).toEqual({
      name: "MaxRuntimeExceeded",
      message: "the run took longer than 60 s, its maximum runtime",
    });
    expect(await storage.runs.steps(runId)).toMatchObject([{ stepKey: "one", status: "FAILURE" }]);
    const asked = await eventually("its worker is to be stopped", async () => {
      const some = await storage.compute.claim("test", 10, 60_000);
      return some.length > 0 ? some : null;
    });
    expect(asked).toMatchObject([{ kind: "cancel", runId }]);
    clock.advance(60_000);
    await storage.compute.done(asked[0]?.id ?? 0);
    const ends = await storage.events.list(runId, { limit: 100, types: ["RUN_FAILURE"] });
    expect(ends).toHaveLength(1);
    expect((await storage.runs.get(other))?.status).toBe("STARTED");
    await storage.runs.cancel(other, { force: true });
  });

  test("ends a run that does not start, and one that does not stop", async () => {
    // So far apart that a slow machine does not come to the other while time passes for the first.
    const cancelTimeoutMs = 1_000_000_000;
    const config = {
      monitoring: { ...DEFAULT_CONFIG.monitoring, startTimeoutMs: 100_000, cancelTimeoutMs },
    };
    const stuck = await submit();
    await storage.runs.dequeue(LIMITS, 100);
    const launch = (await storage.compute.claim("test", 100, 60_000)).find(({ runId }) => runId === stuck);
    const deaf = await started();
    await storage.runs.cancel(deaf);
    start(2, ["monitoring"], config);
    clock.advance(150_000);
    await storage.compute.done(launch?.id ?? 0);
    // Small steps: a loop that is in the middle of a round sleeps from when it ends.
    const passing = setInterval(() => clock.advance(1000), 20);
    try {
      await eventually("the first ends", async () => (await storage.runs.get(stuck))?.status === "FAILURE");
      expect((await storage.runs.get(stuck))?.error?.message).toBe(
        "the run worker did not start within 100 s",
      );
      expect((await storage.runs.get(deaf))?.status).toBe("CANCELING");
      clock.advance(cancelTimeoutMs);
      await eventually("the other ends", async () => (await storage.runs.get(deaf))?.status === "CANCELED");
    } finally {
      clearInterval(passing);
    }
  });
});

describe("retries", () => {
  test("a failed run is retried from failure, linked to its parents, exactly once with three daemons", async () => {
    start(3, ["retries"], { retries: { maxRetries: 0, onStepFailure: true } });
    await eventually("the loops have begun", () =>
      daemons.every((daemon) => daemon.health().every(({ lastIterationAt }) => lastIterationAt !== null)),
    );
    const first = await failed({ "dagster/max_retries": "2", team: "a" });
    const advance = setInterval(() => clock.advance(1000), 50);
    try {
      const [second] = await eventually("it is retried", async () => {
        const some = await children(first);
        return some.length > 0 ? some : null;
      });
      expect(second).toMatchObject({
        parentRunId: first,
        rootRunId: first,
        steps: ["two"],
        tags: { team: "a", "dagster/retry_number": "1", "dagster/max_retries": "2" },
      });
      expect(second?.known.outputsFrom.one).toBe(first);
      await eventually("the log says so", async () =>
        (await messages(first)).includes(`Run is retried as run ${second?.runId}: retry 1 of 2.`),
      );
      // The last retry fails too: it is the end.
      const last = await failed({ "dagster/max_retries": "2", "dagster/retry_number": "2" });
      await eventually("the log says that it is the end", async () =>
        (await messages(last)).includes("Run is not retried: it was retried 2 times, as often as it may be."),
      );
      expect(await children(last)).toEqual([]);
      expect(await children(first)).toHaveLength(1);
      await storage.runs.cancel(second?.runId ?? "", { force: true });
    } finally {
      clearInterval(advance);
    }
  });

  test("a run of a backfill that was canceled is not retried, and says so", async () => {
    start(1, ["retries"]);
    await eventually("the loop has begun", () => daemons[0]?.health()[0]?.lastIterationAt != null);
    const request = { backfillId: crypto.randomUUID(), targets: [] };
    await storage.backfills.submit(exampleBackfill(request));
    await storage.backfills.cancel(request.backfillId);
    const runId = await failed({ "dagster/max_retries": "2", "dagster/backfill": request.backfillId });
    const advance = setInterval(() => clock.advance(1000), 50);
    try {
      await eventually("the log says so", async () =>
        (await messages(runId)).includes("Run is not retried: its backfill was canceled."),
      );
    } finally {
      clearInterval(advance);
    }
    expect(await children(runId)).toEqual([]);
  });

  test("a code location that answers with its load error makes the retry wait, and holds no other", async () => {
    start(1, ["retries"]);
    await eventually("the loop has begun", () => daemons[0]?.health()[0]?.lastIterationAt != null);
    const code = inProcessCode(new Error("no such module"));
    workspace.set("there", new Definitions({ jobs: [pair] }));
    const tags = { "dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS" };
    const broken = await started(tags, "there");
    workspace.change("there", { code });
    await storage.events.report(broken, [{ ...at, type: "RUN_FAILURE" }]);
    const fine = await failed(tags);
    const advance = setInterval(() => clock.advance(1000), 50);
    try {
      await eventually("the other is retried", async () => (await children(fine)).length > 0);
      await eventually("the first waits", async () =>
        (await storage.notices.list("retry", 10)).some(
          ({ runId, error }) => runId === broken && error?.includes("no such module"),
        ),
      );
      workspace.set("there", new Definitions({ jobs: [pair] }));
      await eventually("it is retried", async () => (await children(broken)).length === 1);
    } finally {
      clearInterval(advance);
    }
  });

  test("a retry waits for its code location, and is not lost", async () => {
    start(1, ["retries"]);
    await eventually("the loop has begun", () => daemons[0]?.health()[0]?.lastIterationAt != null);
    const runId = await started({ "dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS" });
    workspace.change("here", { state: "LOADING", code: null });
    await storage.events.report(runId, [{ ...at, type: "RUN_FAILURE" }]);
    const advance = setInterval(() => clock.advance(1000), 50);
    try {
      await eventually("it waits", async () =>
        (await storage.notices.list("retry", 1)).some((notice) => notice.runId === runId && notice.error),
      );
      expect(await children(runId)).toEqual([]);
      // As after many tries: it is woken, for it would come too late by itself.
      const [{ id } = { id: 0 }] = await storage.notices.list("retry", 1);
      await storage.notices.later(id, 3_600_000, "it is away");
      workspace.set("here", new Definitions({ jobs: [pair] }));
      const [again] = await eventually("it is retried", async () => {
        const some = await children(runId);
        return some.length > 0 ? some : null;
      });
      expect(again).toMatchObject({ steps: null, parentRunId: runId });
    } finally {
      clearInterval(advance);
    }
  });
});
