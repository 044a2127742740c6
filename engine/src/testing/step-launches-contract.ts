import type { StepRequest, StepResult } from "@dagster-operator/sdk/internal";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { NotFound } from "../errors.ts";
import type { Storage } from "../ports/storage.ts";
import { eventually } from "./manual-clock.ts";
import { exampleRun, type StorageSubject } from "./storage-subject.ts";

/** What every StepLaunches does. */
export function stepLaunchesContract(subject: StorageSubject): void {
  describe("StepLaunches", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const running = async () => {
      const run = exampleRun();
      await storage.runs.submit([run]);
      await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1);
      await storage.compute.claim("backend", 10, 60_000);
      return run.runId;
    };
    const launch = (runId: string, stepKey: string, attempt = 1) => ({
      request: {
        run: { runId, attempt, job: "nightly", location: "examples" },
        stepKey,
        stepAttempt: 1,
        mappingKeys: {},
        notYielded: {},
      } as unknown as StepRequest,
      op: "load",
      tags: { "dagster-k8s/config": "{}" },
    });
    const keyOf = (runId: string, stepKey: string, attempt = 1) => ({
      runId,
      attempt,
      stepKey,
      stepAttempt: 1,
    });
    const success: StepResult = { kind: "success", durationMs: 5, outputs: [], blockedAssets: [] };

    test("a step that is asked for twice is claimed once, with what its pod needs", async () => {
      const runId = await running();
      await storage.steps.request(launch(runId, "load"));
      await storage.steps.request(launch(runId, "load"));
      const [claimed, ...more] = await storage.steps.claim("a", 10, 60_000);
      expect(more).toEqual([]);
      expect(claimed).toEqual({
        id: claimed?.id,
        ...keyOf(runId, "load"),
        location: "examples",
        codeVersion: "sha256:1",
        op: "load",
        tags: { "dagster-k8s/config": "{}" },
      });
      expect(await storage.steps.claim("b", 10, 60_000)).toEqual([]);
      expect((await storage.steps.get(keyOf(runId, "load")))?.request).toEqual(launch(runId, "load").request);
    });

    test("a claim that runs out is claimed again until the step is started", async () => {
      const runId = await running();
      await storage.steps.request(launch(runId, "load"));
      await storage.steps.claim("a", 10, 1);
      const again = await eventually("the lease ran out", async () => {
        const claimed = await storage.steps.claim("b", 10, 1);
        return claimed.length > 0 ? claimed : null;
      });
      await storage.steps.started(again[0]?.id ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await storage.steps.claim("c", 10, 1)).toEqual([]);
    });

    test("its first result counts and wakes those who wait for the run", async () => {
      const runId = await running();
      const woken = new Set<string>();
      storage.subscribe("run", (id) => woken.add(id));
      await storage.steps.request(launch(runId, "load"));
      expect((await storage.steps.get(keyOf(runId, "load")))?.result).toBeNull();
      expect(await storage.steps.finish(keyOf(runId, "load"), success)).toBe(true);
      expect(await storage.steps.finish(keyOf(runId, "load"), { kind: "canceled" })).toBe(false);
      expect((await storage.steps.get(keyOf(runId, "load")))?.result).toEqual(success);
      // The empty id says "look again at all": a subscriber whose listening began behind its subscription gets that one.
      await eventually("the run is woken", async () => (woken.has(runId) || woken.has("") ? true : null));
    });

    test("steps of an older attempt and of ended runs are not started any more", async () => {
      const [old, ended] = [await running(), await running()];
      await storage.steps.request(launch(old, "load", 0));
      await storage.steps.request(launch(ended, "load"));
      await storage.runs.cancel(ended, { force: true });
      expect(await storage.steps.claim("a", 10, 60_000)).toEqual([]);
    });

    test("what nobody asked for is null, and an unknown run is refused", async () => {
      expect(await storage.steps.get(keyOf("6c0ba4b3-7a8c-4d5b-9a53-0d8f6d1a2b3c", "load"))).toBeNull();
      await expect(
        storage.steps.request(launch("6c0ba4b3-7a8c-4d5b-9a53-0d8f6d1a2b3c", "load")),
      ).rejects.toThrow(NotFound);
    });
  });
}
