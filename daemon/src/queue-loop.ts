import type { Clock, QueueLimits, Storage } from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

/** Wake-ups may be lost, so it also looks by itself. */
const INTERVAL_MS = 5_000;
const BATCH = 100;

export interface QueueLoopOptions {
  storage: Storage;
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
  limits: QueueLimits;
}

/** Takes runs from the queue as far as the limits allow: when one is submitted, and when one ends while others wait. */
export function queueLoop({ storage, clock, log, metrics, limits }: QueueLoopOptions): RunningLoop {
  let waiting = 0;
  const iterate = async (): Promise<number> => {
    for (let full = true; full; ) {
      const runIds = await storage.runs.dequeue(limits, BATCH);
      full = runIds.length === BATCH;
      metrics.dequeued.inc(runIds.length);
      for (const runId of runIds) log.info({ runId }, `run ${runId} was taken from the queue`);
    }
    waiting = await storage.runs.count({ statuses: ["QUEUED"] });
    metrics.queueDepth.set(waiting);
    return INTERVAL_MS;
  };
  const loop = new Loop({
    name: "queue",
    clock,
    log,
    iterate,
    onFault: () => metrics.faults.inc({ loop: "queue" }),
  });
  const unsubscribe = [
    storage.subscribe("queue", () => loop.wake()),
    // Every event of a run says "run"; only while something waits can an ending matter.
    storage.subscribe("run", () => waiting > 0 && loop.wake()),
    storage.subscribe("pool", () => waiting > 0 && loop.wake()),
  ];
  const stop = async () => {
    for (const each of unsubscribe) each();
  };
  return { loop, stop };
}
