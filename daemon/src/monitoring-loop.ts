import {
  type Clock,
  Conflict,
  type MonitoringSettings,
  NotFound,
  overdue,
  overdueEvents,
  type RunUnderWay,
  type Storage,
} from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

export interface MonitoringLoopOptions {
  storage: Storage;
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
  settings: MonitoringSettings;
}

/** Ends runs that took too long to start, to stop, or at all, and has what is left of their workers stopped. */
export function monitoringLoop({
  storage,
  clock,
  log,
  metrics,
  settings,
}: MonitoringLoopOptions): RunningLoop {
  const end = async (run: RunUnderWay): Promise<void> => {
    const late = overdue(run, clock.now(), settings);
    if (!late) return;
    const { runId, status, attempt } = run;
    const steps = await storage.runs.steps(runId);
    const open = steps.filter((step) => step.status === "IN_PROGRESS").map(({ stepKey }) => stepKey);
    try {
      // The run may have moved on since it was read, and another daemon may do the same: one of them is first.
      await storage.events.report(runId, overdueEvents(late, open, clock.now()), {
        statuses: [status],
        attempt,
      });
    } catch (error) {
      if (error instanceof Conflict || error instanceof NotFound) return;
      throw error;
    }
    log.warn({ runId }, `run ${runId} was ended: ${late.message}`);
    metrics.overdue.inc({ kind: late.kind });
    await storage.compute.requestCancel(runId);
  };
  const iterate = async (): Promise<number> => {
    for (const run of await storage.runs.underWay()) await end(run);
    return settings.pollIntervalMs;
  };
  const onFault = () => metrics.faults.inc({ loop: "monitoring" });
  return {
    loop: new Loop({ name: "monitoring", clock, log, iterate, onFault }),
    stop: async () => undefined,
  };
}
