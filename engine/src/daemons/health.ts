import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { Heartbeat } from "../ports/heartbeats.ts";

/** How often a loop says that it lives, and after how long a silent one counts as gone (ms). */
export const HEARTBEAT_MS = 15_000;
export const SILENCE_MS = 60_000;

/** Without these nothing runs. */
const REQUIRED = ["QUEUED_RUN_COORDINATOR", "SCHEDULER", "SENSOR", "BACKFILL"];

export interface DaemonHealth {
  type: string;
  healthy: boolean;
  /** Milliseconds since the epoch; null = never. */
  lastHeartbeatAt: number | null;
  errors: ErrorInfo[];
}

/** A type of daemon is well while one process of it lives and had no fault in its last round. */
export function daemonHealth(heartbeats: readonly Heartbeat[], now: number): DaemonHealth[] {
  const types = new Set([...REQUIRED, ...heartbeats.map(({ type }) => type)]);
  return [...types].map((type) => {
    const own = heartbeats.filter((beat) => beat.type === type).sort((a, b) => b.at - a.at);
    const alive = own.filter(({ at }) => now - at < SILENCE_MS);
    return {
      type,
      healthy: alive.some(({ error }) => error === null),
      lastHeartbeatAt: own[0]?.at ?? null,
      errors: alive.flatMap(({ error }) => error ?? []),
    };
  });
}
