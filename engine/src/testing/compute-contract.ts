import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict } from "../errors.ts";
import type { Storage } from "../ports/storage.ts";
import { eventually } from "./manual-clock.ts";
import {
  exampleEvent,
  exampleRun,
  present,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";

/** What every ComputeRequests does. */
export function computeRequestsContract(subject: StorageSubject): void {
  describe("ComputeRequests", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const dequeued = async (count: number) => {
      const runs = Array.from({ length: count }, () => exampleRun());
      await storage.runs.submit(runs);
      await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, count);
      return runs.map(({ runId }) => runId);
    };

    test("a claimed request is nobody else's and is gone when done", async () => {
      const [runId] = await dequeued(1);
      const [request, ...more] = await storage.compute.claim("a", 10, 60_000);
      expect(more).toEqual([]);
      expect(request).toEqual({
        id: request?.id,
        kind: "launch",
        runId,
        location: "examples",
        attempt: 1,
        codeVersion: "sha256:1",
      });
      expect(await storage.compute.claim("b", 10, 60_000)).toEqual([]);
      await storage.compute.done(present(request).id);
      expect(await storage.compute.takeOver("b")).toEqual([]);
      expect(await storage.compute.claim("b", 10, 60_000)).toEqual([]);
    });

    test("claims at once from two processes share the requests out", async () => {
      const runIds = await dequeued(30);
      const other = await subject.another();
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 ? other : storage).compute.claim(`o${n}`, 5, 60_000)),
      );
      const rest = await storage.compute.claim("rest", 30, 60_000);
      expect([...claims.flat(), ...rest].map(({ runId }) => runId).toSorted()).toEqual(runIds.toSorted());
      for (const claim of claims) expect(claim.length).toBeLessThanOrEqual(5);
    });

    test("an expired claim is claimed again with the next attempt, and the older worker is fenced", async () => {
      const [runId] = await dequeued(1);
      await storage.compute.claim("a", 10, 1);
      const again = await eventually("the lease ran out", async () => {
        const [request] = await storage.compute.claim("b", 10, 60_000);
        return request;
      });
      expect(again).toMatchObject({ runId, attempt: 2 });
      const old = workerBatch(present(runId), [exampleEvent("RUN_START", {})]);
      await expect(storage.events.append(old)).rejects.toBeInstanceOf(Conflict);
      expect(
        (await storage.events.append(workerBatch(present(runId), [exampleEvent("RUN_START", {})], 1, 2)))
          .status,
      ).toBe("STARTED");
    });

    test("a released request comes back after its delay", async () => {
      await dequeued(2);
      const [now, later] = await storage.compute.claim("a", 10, 60_000);
      await storage.compute.release(present(now).id, 0);
      await storage.compute.release(present(later).id, 3_600_000);
      expect((await storage.compute.claim("b", 10, 60_000)).map(({ id }) => id)).toEqual([present(now).id]);
    });

    test("a backend that starts takes over what others held", async () => {
      const [runId] = await dequeued(1);
      const [request] = await storage.compute.claim("gone", 10, 3_600_000);
      expect(await storage.compute.takeOver("new")).toEqual([{ id: request?.id, runId }]);
      expect((await storage.compute.claim("new", 10, 60_000)).map(({ id }) => id)).toEqual([
        present(request).id,
      ]);
      expect(await storage.compute.takeOver("new")).toEqual([{ id: request?.id, runId }]);
      expect(await storage.compute.claim("new", 10, 60_000)).toEqual([]);
    });

    test("a run cancelled before its launch was claimed is never launched", async () => {
      const [runId] = await dequeued(1);
      await storage.runs.cancel(present(runId));
      expect((await storage.compute.claim("a", 10, 60_000)).map(({ kind }) => kind)).toEqual(["cancel"]);
    });

    test("a cancel request names the attempt that runs and does not raise it", async () => {
      const { runId } = await startedRun(storage);
      await storage.runs.cancel(runId);
      expect(await storage.compute.claim("a", 10, 60_000)).toMatchObject([
        { kind: "cancel", runId, attempt: 1 },
      ]);
      expect((await storage.runs.get(runId))?.attempt).toBe(1);
    });

    test("requests of a deleted run are gone with it", async () => {
      const { runId } = await startedRun(storage);
      await storage.runs.cancel(runId, { force: true });
      await storage.runs.delete(runId);
      expect(await storage.compute.claim("a", 10, 60_000)).toEqual([]);
    });
  });
}
