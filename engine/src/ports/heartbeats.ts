import type { ErrorInfo } from "@dagster-operator/sdk/internal";

export interface Heartbeat {
  /** Dagster's names: `QUEUED_RUN_COORDINATOR`, `SCHEDULER`, `SENSOR`, … */
  type: string;
  /** The process. */
  owner: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Its newest fault; null when its last round went well. */
  error: ErrorInfo | null;
}

/** Signs of life of the daemons' loops, by which the webserver knows of them. */
export interface Heartbeats {
  /** Writes those of one process, and forgets all that are older than an hour. */
  beat(owner: string, loops: Pick<Heartbeat, "type" | "error">[], now: number): Promise<void>;
  /** By type, then newest first. */
  list(): Promise<Heartbeat[]>;
}
