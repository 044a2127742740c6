/** Which runs have taken too long for something, and how they end. Pure. */
import type { RunEvent, RunStatus } from "@dagster-operator/sdk/internal";
import { failureEvents } from "../run-state/worker-exit.ts";

/** `run_monitoring` of `dagster.yaml`; times in milliseconds. */
export interface MonitoringSettings {
  /** From when a run left the queue until its worker reports. null = no limit. */
  startTimeoutMs: number | null;
  /** From when somebody canceled a run until its worker has stopped. null = no limit. */
  cancelTimeoutMs: number | null;
  /** From when a run started, for runs without the tag `dagster/max_runtime`. null = no limit. */
  maxRuntimeMs: number | null;
  /** How often it looks. */
  pollIntervalMs: number;
}

export const DEFAULT_MONITORING: MonitoringSettings = {
  startTimeoutMs: 180_000,
  cancelTimeoutMs: 180_000,
  maxRuntimeMs: null,
  pollIntervalMs: 5_000,
};

/** A run that is not queued and has not ended. Times in milliseconds since the epoch. */
export interface RunUnderWay {
  runId: string;
  status: RunStatus;
  attempt: number;
  tags: Record<string, string>;
  startedAt: number | null;
  /** When its status changed last. */
  updatedAt: number;
  /** Its launch still waits for a compute backend. */
  launchWaits: boolean;
}

export interface Overdue {
  kind: "start" | "cancel" | "runtime";
  message: string;
}

/** null = in time. A run whose launch nobody has taken up waits for the system, not for its worker: that is no fault of it. */
export function overdue(run: RunUnderWay, now: number, settings: MonitoringSettings): Overdue | null {
  const { startTimeoutMs, cancelTimeoutMs } = settings;
  const since = now - run.updatedAt;
  if (run.status === "STARTING" || run.status === "NOT_STARTED") {
    if (startTimeoutMs === null || run.launchWaits || since < startTimeoutMs) return null;
    return { kind: "start", message: `the run worker did not start within ${seconds(startTimeoutMs)}` };
  }
  if (run.status === "CANCELING") {
    if (cancelTimeoutMs === null || since < cancelTimeoutMs) return null;
    return {
      kind: "cancel",
      message: `the run worker did not stop within ${seconds(cancelTimeoutMs)} after the run was canceled; it is taken for stopped`,
    };
  }
  const limit = maxRuntimeMs(run.tags) ?? settings.maxRuntimeMs;
  if (run.status !== "STARTED" || run.startedAt === null || limit === null || now - run.startedAt < limit)
    return null;
  return { kind: "runtime", message: `the run took longer than ${seconds(limit)}, its maximum runtime` };
}

/** Events that end it; `stepsInProgress` fail with it. */
export function overdueEvents(
  { kind, message }: Overdue,
  stepsInProgress: readonly string[],
  ts: number,
): RunEvent[] {
  if (kind === "cancel") return [{ type: "RUN_CANCELED", ts, level: "WARNING", message }];
  const error = { name: kind === "start" ? "StartTimeout" : "MaxRuntimeExceeded", message };
  return failureEvents(error, stepsInProgress, ts);
}

/** Of the tag `dagster/max_runtime`, in seconds; null when it is absent, no number, or not above 0. */
function maxRuntimeMs(tags: Record<string, string>): number | null {
  const given = Number(tags["dagster/max_runtime"] ?? "");
  return Number.isFinite(given) && given > 0 ? given * 1000 : null;
}

const seconds = (ms: number) => `${ms / 1000} s`;
