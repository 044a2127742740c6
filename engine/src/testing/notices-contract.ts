import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Storage } from "../ports/storage.ts";
import { eventually } from "./manual-clock.ts";
import { exampleEvent, type StorageSubject, startedRun } from "./storage-subject.ts";

/** What every Notices does. */
export function noticesContract(subject: StorageSubject): void {
  describe("Notices", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const failed = async () => {
      const { runId } = await startedRun(storage);
      await storage.events.report(runId, [exampleEvent("RUN_FAILURE", {})]);
      return runId;
    };
    const collect = (from = storage, limit = 100) =>
      from.notices.collect("retry", ["RUN_FAILURE"], ["a", "b"], limit);

    test("each event and target has one notice, from the first call on, however many collect", async () => {
      await failed();
      expect(await collect()).toBe(0);
      expect(await collect()).toBe(0);
      const runs = [await failed(), await failed(), await failed()];
      const other = await subject.another();
      expect(await collect(storage, 2)).toBe(2);
      await Promise.all(Array.from({ length: 10 }, (_, n) => collect(n % 2 ? other : storage)));
      const notices = await storage.notices.list("retry", 100);
      expect(notices.map(({ runId, target }) => `${runId} ${target}`).reverse()).toEqual(
        runs.flatMap((runId) => [`${runId} a`, `${runId} b`]),
      );
      expect(notices[0]).toMatchObject({ eventType: "RUN_FAILURE", eventTs: 1000, tries: 0, error: null });
      expect(await storage.notices.list("other", 100)).toEqual([]);
    });

    test("what was put off is due at once when its code location is there, and nobody's lease is touched", async () => {
      await collect();
      await failed();
      await collect();
      const [first, second] = await storage.notices.claim("retry", "x", 2, 60_000);
      await storage.notices.later(first?.id ?? 0, 3_600_000, "away");
      await storage.notices.hasten("retry", "elsewhere");
      await storage.notices.hasten("webhook", "examples");
      expect(await storage.notices.claim("retry", "y", 10, 60_000)).toEqual([]);
      await storage.notices.hasten("retry", "examples");
      expect(await storage.notices.claim("retry", "y", 10, 60_000)).toMatchObject([
        { id: first?.id, tries: 2 },
      ]);
      expect(second?.id).not.toBe(first?.id);
    });

    test("a claimed one is nobody else's until its lease ends; put off it comes back; ended it is gone", async () => {
      await collect();
      await failed();
      await collect();
      const other = await subject.another();
      const claimed = (
        await Promise.all([
          storage.notices.claim("retry", "x", 1, 60_000),
          other.notices.claim("retry", "y", 1, 60_000),
        ])
      ).flat();
      expect(claimed.map(({ target }) => target).sort()).toEqual(["a", "b"]);
      expect(await storage.notices.claim("retry", "x", 10, 60_000)).toEqual([]);
      const [first, second] = claimed;
      await storage.notices.end(second?.id ?? 0, "not wanted");
      await storage.notices.later(first?.id ?? 0, 1, "away");
      const [again] = await eventually("it comes back", async () => {
        const some = await storage.notices.claim("retry", "x", 10, 1);
        return some.length > 0 ? some : null;
      });
      expect(again).toMatchObject({ id: first?.id, tries: 2, error: "away", endedAt: null });
      await eventually("the lease ran out", async () => {
        const [one] = await storage.notices.claim("retry", "z", 10, 60_000);
        return one?.tries === 3;
      });
      await storage.notices.end(first?.id ?? 0);
      const all = await storage.notices.list("retry", 10);
      expect(all.every(({ endedAt }) => endedAt !== null)).toBe(true);
      expect(all.find(({ id }) => id === second?.id)?.error).toBe("not wanted");
    });
  });
}
