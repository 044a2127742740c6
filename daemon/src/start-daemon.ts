import { randomUUID } from "node:crypto";
import type { Clock, ComputeLog, Storage, Workspace } from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { backfillLoop } from "./backfill-loop.ts";
import { type DaemonConfig, DEFAULT_CONFIG } from "./config.ts";
import { keepBeating } from "./heartbeat.ts";
import type { RunningLoop } from "./instigator-loop.ts";
import type { LoopHealth } from "./loop.ts";
import { daemonMetrics } from "./metrics.ts";
import { monitoringLoop } from "./monitoring-loop.ts";
import { queueLoop } from "./queue-loop.ts";
import { retentionLoop } from "./retention-loop.ts";
import { retryLoop } from "./retry-loop.ts";
import { scheduleLoop } from "./schedule-loop.ts";
import { sensorLoop } from "./sensor-loop.ts";
import { webhookLoop } from "./webhook-loop.ts";

export type LoopName =
  | "queue"
  | "schedule"
  | "sensor"
  | "backfill"
  | "monitoring"
  | "retries"
  | "retention"
  | "webhooks";

/** Dagster's names of the daemons whose work a loop does. */
const DAEMON_TYPE: Record<LoopName, string> = {
  queue: "QUEUED_RUN_COORDINATOR",
  schedule: "SCHEDULER",
  sensor: "SENSOR",
  backfill: "BACKFILL",
  monitoring: "MONITORING",
  retries: "EVENT_LOG_CONSUMER",
  retention: "RETENTION",
  webhooks: "WEBHOOKS",
};

const ALL_LOOPS = Object.keys(DAEMON_TYPE) as LoopName[];

export interface DaemonOptions {
  storage: Storage;
  workspace: Workspace;
  /** Where logs of steps are, for retention; absent = it leaves them alone. */
  computeLog?: ComputeLog | undefined;
  clock: Clock;
  log: Logger;
  /** Where the metrics of README.md are registered. */
  metrics: Registry;
  /** Default DEFAULT_CONFIG, field by field. */
  config?: Partial<DaemonConfig> | undefined;
  /** Which loops run; default all. A system for one run lets nothing tick. */
  loops?: readonly LoopName[] | undefined;
  /** Aborted = the same as `close()`. */
  signal?: AbortSignal | undefined;
}

export interface Daemon {
  /** One entry for each loop. */
  health(): LoopHealth[];
  /** Starts nothing any more, and resolves when evaluations under way have ended and are recorded. */
  close(): Promise<void>;
}

/** Starts the loops. Any number of daemons may work on one storage. */
export function startDaemon({
  storage,
  workspace,
  computeLog,
  clock,
  log,
  metrics,
  config,
  loops,
  signal,
}: DaemonOptions): Daemon {
  const settings = { ...DEFAULT_CONFIG, ...config };
  const registered = daemonMetrics(metrics);
  const owner = `daemon:${randomUUID()}`;
  const instigators = {
    storage,
    workspace,
    clock,
    log,
    metrics: registered,
    config: settings,
    now: () => clock.now(),
    newId: () => randomUUID(),
    owner,
    evaluationTimeoutMs: settings.evaluationTimeoutMs,
  };
  const make: Record<LoopName, () => RunningLoop> = {
    queue: () => queueLoop({ storage, clock, log, metrics: registered, limits: settings.queue }),
    schedule: () => scheduleLoop(instigators),
    sensor: () => sensorLoop(instigators),
    backfill: () => backfillLoop(instigators),
    monitoring: () =>
      monitoringLoop({ storage, clock, log, metrics: registered, settings: settings.monitoring }),
    retries: () => retryLoop({ ...instigators, settings: settings.retries }),
    retention: () =>
      retentionLoop({ storage, computeLog, clock, log, metrics: registered, settings: settings.retention }),
    webhooks: () =>
      webhookLoop({ storage, clock, log, metrics: registered, owner, webhooks: settings.webhooks }),
  };
  const running = (loops ?? ALL_LOOPS).map((name) => ({
    ...make[name](),
    type: DAEMON_TYPE[name],
  }));

  const closing = new AbortController();
  const beating = keepBeating({
    heartbeats: storage.heartbeats,
    clock,
    log,
    owner,
    health: () => running.map(({ loop, type }) => ({ ...loop.health(), type })),
    signal: closing.signal,
  });
  const ended = Promise.all([beating, ...running.map(({ loop }) => loop.run(closing.signal))]);
  const close = async () => {
    closing.abort();
    for (const { interrupt } of running) interrupt?.();
    await ended;
    await Promise.all(running.map(({ stop }) => stop()));
  };
  if (signal?.aborted) closing.abort();
  signal?.addEventListener("abort", () => closing.abort(), { once: true });
  return { health: () => running.map(({ loop }) => loop.health()), close };
}
