import { setTimeout as sleep } from "node:timers/promises";
import {
  type ComputeRequest,
  IN_PROGRESS,
  type RunRecord,
  type Storage,
  Unavailable,
} from "@dagster-operator/engine";
import { exampleEvent, workerBatch } from "@dagster-operator/engine/testing";

/**
 * In the place of run workers: launches what is asked for and lets it end, well unless `fails` says otherwise. Keeps which
 * requests each run had, and the most runs that were under way. A claim that a crash took is claimed again, as the same request.
 */
export function standInWorker(
  storage: Storage,
  {
    fails = () => false,
    may = () => Infinity,
  }: { fails?: (run: RunRecord) => boolean; may?: () => number } = {},
) {
  const stop = new AbortController();
  const launches = new Map<string, Set<number>>();
  let most = 0;
  let ended = 0;
  const carryOut = async ({ id, runId, attempt }: ComputeRequest) => {
    launches.set(runId, (launches.get(runId) ?? new Set()).add(id));
    const run = await storage.runs.get(runId);
    if (!run) throw new Error(`run ${runId} is launched and not there`);
    const last = exampleEvent(fails(run) ? "RUN_FAILURE" : "RUN_SUCCESS", {});
    await storage.events.append(workerBatch(runId, [exampleEvent("RUN_START", {}), last], 1, attempt));
    await storage.compute.done(id);
    ended++;
  };
  const round = async () => {
    most = Math.max(most, await storage.runs.count({ statuses: [...IN_PROGRESS] }));
    const requests = await storage.compute.claim("worker", Math.min(10, may()), 5_000);
    await Promise.all(requests.map(carryOut));
  };
  const work = async () => {
    while (!stop.signal.aborted) {
      await round().catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
      });
      await sleep(20);
    }
  };
  const working = work();
  return {
    launches,
    most: () => most,
    /** Runs that it has let end. */
    ended: () => ended,
    close: () => {
      stop.abort();
      return working;
    },
  };
}
