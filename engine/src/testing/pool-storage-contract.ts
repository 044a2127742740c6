import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict, NotFound } from "../errors.ts";
import { DEFAULT_POOL_SETTINGS, type PoolSettings, type RunPools } from "../ports/pool-storage.ts";
import type { Storage } from "../ports/storage.ts";
import { eventually } from "./manual-clock.ts";
import { exampleEvent, exampleRun, type StorageSubject, startedRun, workerBatch } from "./storage-subject.ts";

const ONE: PoolSettings = { defaultLimit: 1, granularity: "op", runBuffer: 0 };
const slot = (stepKey: string, priority = 0, pool = "db") => ({ stepKey, pool, priority });

/** What every PoolStorage does, and how slots go with what holds them. */
export function poolStorageContract(subject: StorageSubject): void {
  describe("PoolStorage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const started = async () => (await startedRun(storage)).runId;
    const ask = (runId: string, ...slots: Parameters<Storage["pools"]["ask"]>[1]) =>
      storage.pools.ask({ runId, attempt: 1 }, slots, ONE);
    const held = async (pool = "db") => {
      const state = (await storage.pools.list(ONE)).find((each) => each.pool === pool);
      return (state?.slots ?? []).filter(({ heldAt }) => heldAt !== null).map(({ stepKey }) => stepKey);
    };
    const all = async () => (await storage.pools.list(ONE)).flatMap(({ slots }) => slots);

    test("a pool gives out as many slots as its limit, by priority, then age, and asking again changes nothing", async () => {
      const [a, b] = [await started(), await started()];
      expect(await ask(a, slot("x"))).toEqual(["x"]);
      expect(await ask(a, slot("x"), slot("y"))).toEqual(["x"]);
      expect(await ask(b, slot("low", -1), slot("urgent", 5), slot("other", 0, "api"))).toEqual(["other"]);
      await storage.pools.setLimit("db", 2);
      await storage.pools.grant("db", ONE);
      expect(await held()).toEqual(["x", "urgent"]);
      const [api, db] = await storage.pools.list(ONE);
      expect(api).toMatchObject({ pool: "api", limit: 1, usesDefault: true });
      expect(db).toMatchObject({ pool: "db", limit: 2, usesDefault: false });
      expect(db?.slots.map(({ runId, stepKey }) => [runId, stepKey])).toEqual([
        [a, "x"],
        [b, "urgent"],
        [a, "y"],
        [b, "low"],
      ]);
    });

    test("without a limit everybody has a slot; with 0 nobody gets one, and who has one keeps it", async () => {
      const run = await started();
      const free = (...keys: string[]) =>
        storage.pools.ask(
          { runId: run, attempt: 1 },
          keys.map((key) => slot(key)),
          DEFAULT_POOL_SETTINGS,
        );
      expect(await free("a", "b", "c")).toHaveLength(3);
      await storage.pools.setLimit("db", 0);
      expect(await free("a", "d")).toEqual(["a"]);
      expect(await storage.pools.deleteLimit("db")).toBe(true);
      expect(await storage.pools.deleteLimit("db")).toBe(false);
      expect(await free("d")).toEqual(["d"]);
    });

    const ENDS: [string, (runId: string) => Promise<unknown>][] = [
      [
        "its step succeeds",
        (id) => append(id, exampleEvent("STEP_SUCCESS", { stepKey: "x", durationMs: 1 })),
      ],
      [
        "its step fails",
        (id) => append(id, exampleEvent("STEP_FAILURE", { stepKey: "x", error: { name: "E", message: "" } })),
      ],
      [
        "its step waits for a retry",
        (id) =>
          append(
            id,
            exampleEvent("STEP_UP_FOR_RETRY", {
              stepKey: "x",
              attempt: 1,
              secondsToWait: 9,
              error: { name: "E", message: "" },
            }),
          ),
      ],
      ["its run fails, as when its worker was killed", (id) => report(id, "RUN_FAILURE")],
      ["its run succeeds", (id) => report(id, "RUN_SUCCESS")],
      [
        "its run is cancelled",
        async (id) => {
          await storage.runs.cancel(id);
          await report(id, "RUN_CANCELED");
        },
      ],
      ["its run is cancelled by force", (id) => storage.runs.cancel(id, { force: true })],
      [
        "its run is deleted",
        async (id) => {
          await storage.runs.cancel(id, { force: true });
          await storage.runs.delete(id);
        },
      ],
      ["somebody takes it away", (id) => storage.pools.free(id)],
      ["somebody takes its step's away", (id) => storage.pools.free(id, "x")],
    ];
    const append = (runId: string, ...events: Parameters<typeof workerBatch>[1]) =>
      storage.events.append(workerBatch(runId, events));
    const report = (runId: string, type: "RUN_FAILURE" | "RUN_SUCCESS" | "RUN_CANCELED") =>
      storage.events.report(runId, [exampleEvent(type, {})]);

    test.each(ENDS)("a slot goes when %s, and the pool tells it", async (_, end) => {
      const [a, b] = [await started(), await started()];
      const told = new Set<string>();
      const woken = new Set<string>();
      storage.subscribe("pool", (id) => told.add(id));
      storage.subscribe("run", (id) => woken.add(id));
      await eventually("the subscriber listens", async () => {
        await storage.pools.setLimit("db", 1);
        return told.has("db");
      });
      told.clear();
      expect(await ask(a, slot("x"))).toEqual(["x"]);
      expect(await ask(b, slot("y"))).toEqual([]);
      await end(a);
      await eventually("the pool wakes", () => told.has("db"));
      woken.clear();
      await storage.pools.grant("db", ONE);
      await eventually("who got the slot wakes", () => woken.has(b));
      expect(await held()).toEqual(["y"]);
      expect(await all()).toHaveLength(1);
    });

    test("a slot goes when a newer attempt of its run is launched", async () => {
      const { runId } = exampleRun();
      await storage.runs.submit([exampleRun({ runId })]);
      await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1);
      await storage.compute.claim("backend", 1, 1);
      expect(await ask(runId, slot("x"))).toEqual(["x"]);
      await eventually("the lease runs out and it is launched again", async () => {
        const [claimed] = await storage.compute.claim("backend", 1, 1);
        return claimed?.attempt === 2;
      });
      expect(await all()).toEqual([]);
    });

    test("a run that has ended, an older attempt and an unknown run get none, and leave nothing behind", async () => {
      const run = await started();
      await report(run, "RUN_FAILURE");
      await expect(ask(run, slot("x"))).rejects.toBeInstanceOf(Conflict);
      const other = await started();
      await expect(storage.pools.ask({ runId: other, attempt: 0 }, [slot("x")], ONE)).rejects.toBeInstanceOf(
        Conflict,
      );
      await expect(ask("no such run", slot("x"))).rejects.toBeInstanceOf(NotFound);
      expect(await all()).toEqual([]);
    });

    test("many who ask at once from two processes never pass the limit", async () => {
      const other = await subject.another();
      await storage.pools.setLimit("db", 3);
      const runs = await Promise.all(Array.from({ length: 12 }, () => started()));
      const answers = await Promise.all(
        runs.map((runId, n) => (n % 2 ? other : storage).pools.ask({ runId, attempt: 1 }, [slot("x")], ONE)),
      );
      expect(answers.filter((keys) => keys.length > 0)).toHaveLength(3);
      for (let left = 12; left > 0; ) {
        const holders = (await all()).filter(({ heldAt }) => heldAt !== null);
        expect(holders.length).toBe(Math.min(3, left));
        await Promise.all(
          holders.map(({ runId }, n) =>
            (n % 2 ? other : storage).events.append(
              workerBatch(runId, [exampleEvent("STEP_SUCCESS", { stepKey: "x", durationMs: 1 })]),
            ),
          ),
        );
        left -= holders.length;
        await Promise.all([storage.pools.grant("db", ONE), other.pools.grant("db", ONE)]);
      }
      expect(await all()).toEqual([]);
    });

    const queued = async (pools: RunPools, tags: Record<string, string> = {}) => {
      const run = exampleRun({ pools, tags });
      await storage.runs.submit([run]);
      return run.runId;
    };
    const dequeue = (pools: PoolSettings) =>
      storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [], pools }, 100);

    test("by runs: the queue starts as many runs of a pool as its limit, and their steps need no slot", async () => {
      const byRun: PoolSettings = { ...ONE, granularity: "run" };
      const pools = { all: ["db"], roots: [null] };
      const [first, second] = [await queued(pools), await queued(pools)];
      const other = await queued({ all: ["api"], roots: ["api"] });
      expect(await dequeue(byRun)).toEqual([first, other]);
      expect(await dequeue(byRun)).toEqual([]);
      const db = (await storage.pools.list(byRun)).find(({ pool }) => pool === "db");
      expect(db?.slots.map(({ runId, heldAt }) => [runId, heldAt !== null])).toEqual([
        [first, true],
        [second, false],
      ]);
      await storage.compute.claim("backend", 10, 60_000);
      expect(
        await storage.pools.ask({ runId: first, attempt: 1 }, [slot("a"), slot("b")], byRun),
      ).toHaveLength(2);
      await storage.runs.cancel(first, { force: true });
      expect(await dequeue(byRun)).toEqual([second]);
    });

    test("by steps: a run none of whose first steps could start stays in the queue, the buffer aside", async () => {
      const holder = await started();
      expect(await ask(holder, slot("x"))).toEqual(["x"]);
      const blocked = await queued({ all: ["db"], roots: ["db"] });
      const free = await queued({ all: ["db"], roots: ["db", null] });
      const later = await queued({ all: ["db"], roots: [null] });
      expect(await dequeue(ONE)).toEqual([free, later]);
      expect(await dequeue({ ...ONE, runBuffer: 1 })).toEqual([]);
      expect(await dequeue({ ...ONE, runBuffer: 2 })).toEqual([blocked]);
    });

    test("by steps: a pool of 0 holds its runs in the queue until it has slots", async () => {
      await storage.pools.setLimit("db", 0);
      const run = await queued({ all: ["db"], roots: ["db"] });
      expect(await dequeue(DEFAULT_POOL_SETTINGS)).toEqual([]);
      await storage.pools.setLimit("db", 1);
      expect(await dequeue(DEFAULT_POOL_SETTINGS)).toEqual([run]);
    });
  });
}
