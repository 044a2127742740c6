import { type AdvanceDeps, advanceBackfill, BACKFILL_LEASE_MS, type Clock } from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

/** While a backfill is open its runs are looked at this often; each backfill says itself how long it may be left alone. */
const OPEN_MS = 500;
const IDLE_MS = 30_000;
/** How long one is left alone whose look failed. */
const FAULT_MS = 30_000;

export interface BackfillLoopOptions extends AdvanceDeps {
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
}

/** Advances backfills, one after another; each is leased by one daemon at a time. */
export function backfillLoop(options: BackfillLoopOptions): RunningLoop {
  const { storage, clock, log, metrics, owner } = options;
  const onFault = () => metrics.faults.inc({ loop: "backfill" });
  let stopping = false;
  const iterate = async (): Promise<number> => {
    while (!stopping) {
      const [backfill] = await storage.backfills.claim(owner, 1, BACKFILL_LEASE_MS);
      if (!backfill) break;
      const { backfillId, states, status } = backfill;
      try {
        const advanced = await advanceBackfill(options, backfill);
        metrics.backfillRuns.inc(advanced.requested);
        if (advanced.requested > 0 || advanced.status !== status)
          log.info(
            { backfillId, requested: advanced.requested, status: advanced.status },
            `backfill ${backfillId}: ${advanced.requested} runs requested, ${advanced.status}`,
          );
      } catch (error) {
        onFault();
        log.error(
          { err: error, backfillId },
          `backfill ${backfillId} could not be advanced and is tried again`,
        );
        const message = error instanceof Error ? error.message : String(error);
        await storage.backfills.save(
          backfillId,
          owner,
          { states, status, error: { name: "Error", message } },
          FAULT_MS,
        );
      }
    }
    const open = await storage.backfills.count({ statuses: ["REQUESTED", "CANCELING"] });
    return open > 0 ? OPEN_MS : IDLE_MS;
  };
  const loop = new Loop({ name: "backfill", clock, log, iterate, onFault });
  const unsubscribe = storage.subscribe("backfill", () => loop.wake());
  const stop = async () => {
    stopping = true;
    unsubscribe();
  };
  return { loop, stop };
}
