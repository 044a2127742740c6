import { randomUUID } from "node:crypto";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type ComputeLoopOptions,
  endEvents,
  IN_PROGRESS,
  runComputeLoop,
  type Storage,
  systemClock,
  verifyRunToken,
} from "../src/index.ts";
import { eventually, exampleRun, ManualClock, MemoryBackend } from "../src/testing/index.ts";

const LIMITS = { maxConcurrentRuns: -1, tagLimits: [] };
const at = { ts: 1, level: "INFO" as const, message: "it happened" };
let storage: Storage;
let stop: AbortController;
let looping: Promise<void>;
const faults: string[] = [];

beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterAll(() => storage.close());
beforeEach(() => {
  stop = new AbortController();
  looping = Promise.resolve();
  faults.length = 0;
});
afterEach(async () => {
  stop.abort();
  await looping;
  // Nothing of one test is left for the next one's loop to find.
  const open = await storage.runs.list({ statuses: ["QUEUED", ...IN_PROGRESS] }, { limit: 100 });
  for (const { runId } of open) await storage.runs.cancel(runId, { force: true });
  await storage.compute.takeOver("the next test");
  for (const { id } of await storage.compute.claim("the next test", 100, 1)) await storage.compute.done(id);
});

function loop(backend: MemoryBackend, over: Partial<ComputeLoopOptions> = {}): void {
  looping = runComputeLoop({
    storage,
    backend,
    url: "http://127.0.0.1:1",
    tokenSecret: "secret",
    owner: `test:${randomUUID()}`,
    clock: systemClock,
    signal: stop.signal,
    onFault: (what) => faults.push(what),
    cancelGraceMs: 50,
    ...over,
  });
}
async function dequeued(): Promise<string> {
  const run = exampleRun();
  await storage.runs.submit([run]);
  await storage.runs.dequeue(LIMITS, 10);
  return run.runId;
}
const started = (runId: string) =>
  storage.events.report(runId, [
    { type: "RUN_START", ...at },
    { type: "STEP_START", ...at, stepKey: "a" },
  ]);
const ended = (runId: string) =>
  eventually("the run ends", async () => {
    const run = await storage.runs.get(runId);
    return run && run.endedAt !== null ? run : null;
  });

describe("the compute loop", () => {
  test("launches what is asked for, with a token that is good for this run and attempt", async () => {
    const backend = new MemoryBackend(() => "patient");
    loop(backend);
    const runId = await dequeued();
    const launch = await eventually("it is launched", () => backend.launched[0]);
    expect(launch).toMatchObject({ runId, attempt: 1, url: "http://127.0.0.1:1" });
    expect(verifyRunToken("secret", launch.token, Date.now())).toMatchObject({ runId, attempt: 1 });
  });

  test("ends a run whose worker is killed, and its running steps, with the reason", async () => {
    const backend = new MemoryBackend(() => "patient");
    loop(backend);
    const runId = await dequeued();
    await eventually("it is launched", () => backend.launched[0]);
    await started(runId);
    backend.end(runId, "killed", "SIGKILL");
    const run = await ended(runId);
    expect(run).toMatchObject({
      status: "FAILURE",
      error: { message: "the run worker was killed: SIGKILL" },
    });
    expect(await storage.runs.steps(runId)).toMatchObject([{ stepKey: "a", status: "FAILURE" }]);
    const events = await storage.events.list(runId, { limit: 100, types: ["STEP_FAILURE", "RUN_FAILURE"] });
    expect(events.map(({ event }) => [event.type, event.stepKey])).toEqual([
      ["STEP_FAILURE", "a"],
      ["RUN_FAILURE", undefined],
    ]);
  });

  test("lets a run go on with a new worker as often as it may, and the older one is fenced", async () => {
    const backend = new MemoryBackend(() => "patient");
    loop(backend, { maxResumeAttempts: 1 });
    const runId = await dequeued();
    await eventually("it is launched", () => backend.launched[0]);
    await started(runId);
    backend.end(runId, "lost", "its node is gone");
    const second = await eventually("it is launched again", () => backend.launched[1]);
    expect(second).toMatchObject({ runId, attempt: 2 });
    expect(await storage.runs.get(runId)).toMatchObject({ status: "STARTED", attempt: 2 });
    const [told] = await storage.events.list(runId, { limit: 9, types: ["ENGINE_EVENT"] });
    expect(told?.event.message).toBe(
      "the run worker was lost: its node is gone; the run goes on with a new one (1 of at most 1 times)",
    );
    const late = {
      producer: "worker:1",
      attempt: 1,
      runId,
      events: [{ seq: 1, event: { type: "RUN_SUCCESS" as const, ...at } }],
    };
    await expect(storage.events.append(late)).rejects.toThrow(/was replaced by attempt 2/);
    backend.end(runId, "lost", "another node is gone");
    expect(await ended(runId)).toMatchObject({
      status: "FAILURE",
      error: { message: "the run worker was lost: another node is gone" },
    });
  });

  test("gives a worker that its place lost a budget of its own", async () => {
    const backend = new MemoryBackend(() => "patient");
    loop(backend, { infrastructureRetries: async ({ tags }) => Number(tags.budget) });
    const lose = async (tags: Record<string, string>, ...reasons: ("lost" | "oom" | "crashed")[]) => {
      const run = exampleRun({ tags });
      await storage.runs.submit([run]);
      await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1);
      for (const [at, reason] of reasons.entries()) {
        await eventually(`launch ${at + 1}`, () =>
          backend.launched.find(({ runId, attempt }) => runId === run.runId && attempt === at + 1),
        );
        backend.end(run.runId, reason, "evicted");
      }
      const events = await storage.events.list(run.runId, { limit: 9, types: ["ENGINE_EVENT"] });
      return { run: await ended(run.runId), told: events.map(({ event }) => event.message) };
    };
    const twice = await lose({ budget: "1" }, "lost", "lost");
    expect(twice.run).toMatchObject({ status: "FAILURE", attempt: 2 });
    expect(twice.told).toEqual([
      "the run worker was lost: evicted; the run goes on with a new one (infrastructure retry 1 of at most 1)",
    ]);
    // More memory is not to be had by trying again, and a crash is the code's own.
    for (const reason of ["oom", "crashed"] as const)
      expect((await lose({ budget: "1" }, reason)).run).toMatchObject({ status: "FAILURE", attempt: 1 });
    expect((await lose({ budget: "0" }, "lost")).run).toMatchObject({ status: "FAILURE", attempt: 1 });
  });

  test("leaves a worker alone whose launch a killed system could not report done", async () => {
    const backend = new MemoryBackend(() => "patient");
    const runId = await dequeued();
    const [request] = await storage.compute.claim("killed", 1, 60_000);
    const { location = "", attempt = 0 } = request ?? {};
    await backend.launch({ runId, location, attempt, codeVersion: null, url: "", token: "" });
    loop(backend);
    const other = await dequeued();
    await eventually("the next is launched", () => backend.launched.find((launch) => launch.runId === other));
    expect(backend.launched.map((launch) => [launch.runId, launch.attempt])).toEqual([
      [runId, 1],
      [other, 1],
    ]);
    expect((await storage.runs.get(runId))?.attempt).toBe(1);
  });

  test("takes what a lost worker had left before it ends its run, and an end that it left stands", async () => {
    const [going, gone, unread] = [await dequeued(), await dequeued(), await dequeued()];
    for (const runId of [going, gone, unread]) {
      await storage.compute.claim("a killed system", 10, 60_000);
      await started(runId);
    }
    for (const { id } of await storage.compute.claim("a killed system", 10, 60_000))
      await storage.compute.done(id);
    const backend = new MemoryBackend(() => "patient");
    loop(
      Object.assign(backend, {
        recover: async ({ runId, token }: { runId: string; token: string }) => {
          expect(verifyRunToken("secret", token, Date.now())).toMatchObject({ runId });
          if (runId === unread) throw new Error("the disk is gone");
          const event = { ...at, type: "STEP_SUCCESS" as const, stepKey: "a", durationMs: 1 };
          await storage.events.report(
            runId,
            runId === gone ? [event, { type: "RUN_SUCCESS", ...at }] : [event],
          );
        },
      }),
    );
    expect((await ended(going)).status).toBe("FAILURE");
    expect(await storage.runs.steps(going)).toMatchObject([{ stepKey: "a", status: "SUCCESS" }]);
    expect((await ended(gone)).status).toBe("SUCCESS");
    expect((await ended(unread)).error?.message).toContain("the system stopped while it ran");
    expect(faults).toEqual([`the last events of run ${unread} cannot be recovered`]);
  });

  test("says nothing about a run that has reported its own end", async () => {
    const backend = new MemoryBackend(() => "patient");
    loop(backend);
    const runId = await dequeued();
    await eventually("it is launched", () => backend.launched[0]);
    await started(runId);
    await storage.events.report(runId, [{ type: "RUN_SUCCESS", ...at }]);
    backend.end(runId, "crashed", "exit 1");
    stop.abort();
    await looping;
    expect((await storage.runs.get(runId))?.status).toBe("SUCCESS");
    expect(await storage.events.list(runId, { limit: 10, types: ["RUN_FAILURE"] })).toEqual([]);
  });

  test.each(["patient", "stubborn"] as const)("cancels a %s worker's run", async (behaviour) => {
    const backend = new MemoryBackend(() => behaviour);
    loop(backend);
    const runId = await dequeued();
    await eventually("it is launched", () => backend.launched[0]);
    await started(runId);
    expect(await storage.runs.cancel(runId)).toBe("CANCELING");
    expect((await ended(runId)).status).toBe("CANCELED");
    expect(await storage.runs.steps(runId)).toMatchObject([{ stepKey: "a", status: "CANCELED" }]);
    // Its cancel is carried out and its exit is seen: one of the two ends it.
    await eventually("the worker is gone", async () => (await backend.live()).length === 0);
    expect(await storage.events.list(runId, { types: ["RUN_CANCELED"], limit: 9 })).toHaveLength(1);
  });

  test("a run that is canceled before its worker was launched ends as canceled", async () => {
    const runId = await dequeued();
    await storage.runs.cancel(runId);
    const backend = new MemoryBackend(() => "patient");
    loop(backend);
    expect((await ended(runId)).status).toBe("CANCELED");
    expect(backend.launched).toEqual([]);
  });

  test("a run whose worker cannot be started fails with the reason after some tries", async () => {
    const backend = new MemoryBackend(() => "patient");
    backend.fault = new Error("spawn node ENOENT");
    loop(backend);
    const runId = await dequeued();
    const run = await ended(runId);
    expect(run.error?.message).toBe("the run worker could not be started: spawn node ENOENT");
    expect(run.attempt).toBe(3);
    expect(faults).toHaveLength(3);
  });

  test("after a crash of the system ends what ran, and launches what had not begun", async () => {
    const ran = await dequeued();
    const [request] = await storage.compute.claim("dead", 10, 60_000);
    if (request) await storage.compute.done(request.id);
    await started(ran);
    const canceling = await dequeued();
    await storage.runs.cancel(canceling);
    const waiting = await dequeued();
    await storage.compute.claim("dead", 10, 60_000);

    const backend = new MemoryBackend(() => "patient");
    loop(backend);
    expect((await ended(ran)).error?.message).toContain("re-execute the run from failure");
    expect(await storage.runs.steps(ran)).toMatchObject([{ status: "FAILURE" }]);
    expect((await ended(canceling)).status).toBe("CANCELED");
    const launch = await eventually("it is launched", () =>
      backend.launched.find(({ runId }) => runId === waiting),
    );
    expect(launch.attempt).toBe(2);
    expect((await storage.runs.get(waiting))?.endedAt).toBeNull();
  });

  test("a worker that is gone without anybody being told: its run ends after two looks, and one that never had a worker gets one", async () => {
    const clock = new ManualClock(Date.now());
    const backend = new MemoryBackend(() => "patient");
    loop(backend, { clock });
    const [gone, stopping, alive] = [await dequeued(), await dequeued(), await dequeued()];
    await eventually("all are launched", () => backend.launched.length === 3);
    // The launch of this one was taken from the queue, and never carried out.
    const never = exampleRun();
    await storage.runs.submit([never]);
    await storage.events.report(never.runId, [{ type: "RUN_STARTING", ...at }]);
    for (const runId of [gone, stopping, alive]) await started(runId);
    await storage.events.report(stopping, [{ type: "RUN_CANCELING", ...at }]);
    for (const runId of [gone, stopping]) backend.lose(runId);
    const passing = setInterval(() => clock.advance(5_000), 20);
    try {
      expect(await ended(gone)).toMatchObject({
        status: "FAILURE",
        error: {
          name: "WorkerExit",
          message: expect.stringContaining("the run worker was lost: it is gone"),
        },
      });
      expect(await ended(stopping)).toMatchObject({ status: "CANCELED" });
      await eventually("the one that had no worker yet gets one", () =>
        backend.launched.some(({ runId, attempt }) => runId === never.runId && attempt === 1),
      );
    } finally {
      clearInterval(passing);
    }
    expect((await storage.runs.get(alive))?.status).toBe("STARTED");
    expect(faults).toEqual([]);
  });

  test("does not take a run for lost that left the queue while it reconciled", async () => {
    const backend = new MemoryBackend(() => "patient");
    let late: string | null = null;
    const racing: Storage = {
      ...storage,
      subscribe: (channel, handler) => storage.subscribe(channel, handler),
      compute: {
        ...storage.compute,
        takeOver: async (owner) => {
          const waiting = await storage.compute.takeOver(owner);
          late ??= await dequeued();
          return waiting;
        },
      },
    };
    loop(backend, { storage: racing });
    const launch = await eventually("it is launched", () => backend.launched[0]);
    expect(launch.runId).toBe(late);
    expect((await storage.runs.get(launch.runId))?.status).toBe("STARTING");
  });

  test("tells of an end that storage could not take at first", async () => {
    const backend = new MemoryBackend(() => "patient");
    let away = true;
    const flaky: Storage = {
      ...storage,
      subscribe: (channel, handler) => storage.subscribe(channel, handler),
      events: {
        ...storage.events,
        report: async (runId, events) => {
          if (away) throw new Error("storage is away");
          return storage.events.report(runId, events);
        },
      },
    };
    loop(backend, { storage: flaky });
    const runId = await dequeued();
    await eventually("it is launched", () => backend.launched[0]);
    backend.end(runId, "oom", "heap out of memory");
    await eventually("it has tried", () => faults.length > 0);
    away = false;
    expect((await ended(runId)).error?.message).toContain("ran out of memory");
  });
});

test("a worker that ends without a word still has a reason", () => {
  const [event] = endEvents({ runId: "r", status: "STARTING" }, { reason: "lost", message: "" }, [], 5);
  expect(event).toMatchObject({ type: "RUN_FAILURE", ts: 5, message: "the run worker was lost" });
});
