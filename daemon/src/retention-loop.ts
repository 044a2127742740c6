import {
  type Clock,
  type ComputeLog,
  cutoff,
  expiredRuns,
  type RetentionSettings,
  type Storage,
  systemClock,
} from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

export interface RetentionLoopOptions {
  storage: Storage;
  /** Where logs of steps are; absent = they are somebody else's to forget. */
  computeLog?: ComputeLog | undefined;
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
  settings: RetentionSettings;
}

const INTERVAL_MS = 3_600_000;
/** Small, so that nobody waits long behind one. */
const BATCH = 200;
/** Others come first between two batches. Of the machine, so not of the clock that tells what is old. */
const PAUSE_MS = 50;
/** What loops did about events is kept for a person to look at. */
const NOTICE_DAYS = 7;

/** Forgets what is older than it must be kept, an hour after the other, in small batches while the system works. */
export function retentionLoop(options: RetentionLoopOptions): RunningLoop {
  const { clock, log, metrics } = options;
  const stopping = new AbortController();
  const iterate = async (): Promise<number> => {
    await forget(options, stopping.signal);
    return INTERVAL_MS;
  };
  const onFault = () => metrics.faults.inc({ loop: "retention" });
  return {
    loop: new Loop({ name: "retention", clock, log, iterate, onFault }),
    interrupt: () => stopping.abort(),
    stop: async () => undefined,
  };
}

/** One round over everything. `signal` aborted = it ends after the batch that it is at. */
export async function forget(options: RetentionLoopOptions, signal: AbortSignal): Promise<void> {
  const { storage, computeLog, clock, settings, metrics } = options;
  const { retention } = storage;
  const now = clock.now();
  const batches = async (what: string, batch: () => Promise<number>): Promise<void> => {
    while (!signal.aborted) {
      const count = await batch();
      if (count > 0) metrics.forgotten.inc({ what }, count);
      if (count < BATCH) return;
      await systemClock.sleep(PAUSE_MS, signal);
    }
  };
  for (const which of expiredRuns(settings, now))
    await batches("runs", async () => {
      const runIds = await retention.endedRuns(which, BATCH);
      // Logs first: with the row gone nobody would look for them again.
      for (const runId of runIds) await computeLog?.delete(runId);
      return runIds.length === 0 ? 0 : retention.deleteRuns(runIds);
    });
  // After the runs: a backfill goes when none of its runs is left.
  for (const [end, days] of entries(settings.backfills)) {
    const before = cutoff(days, now);
    if (before !== null) await batches("backfills", () => retention.purgeBackfills(end, before, BATCH));
  }
  const events = cutoff(settings.events, now);
  if (events !== null) await batches("events", () => retention.purgeEvents(events, BATCH));
  const logs = cutoff(settings.computeLogs, now);
  if (logs !== null && computeLog)
    await batches("compute_logs", async () => {
      const runIds = await retention.runsWithLogs(logs, BATCH);
      for (const runId of runIds) await computeLog.delete(runId);
      await retention.logsPurged(runIds);
      return runIds.length;
    });
  for (const [kind, statuses] of entries(settings.ticks))
    for (const [status, days] of entries(statuses)) {
      const before = cutoff(days, now);
      if (before !== null) await batches("ticks", () => retention.purgeTicks(kind, status, before, BATCH));
    }
  const assets = cutoff(settings.assetEvents, now);
  for (let after: number | null = 0; assets !== null && after !== null && !signal.aborted; ) {
    after = await retention.purgeAssetEvents(assets, after, BATCH);
    await systemClock.sleep(PAUSE_MS, signal);
  }
  const notices = cutoff(NOTICE_DAYS, now) ?? 0;
  await batches("notices", () => retention.purgeNotices(notices, BATCH));
  if (!signal.aborted) await retention.vacuum();
}

const entries = <K extends string, V>(of: Record<K, V>) => Object.entries(of) as [K, V][];
