import type { RunEventType } from "@dagster-operator/sdk/internal";

/** Something that a loop has to do about an event of a run: retry it, tell a webhook. Times in milliseconds since the epoch. */
export interface Notice {
  id: number;
  loop: string;
  /** Which of several, e.g. the name of a webhook; empty where there is one. */
  target: string;
  eventId: number;
  eventType: RunEventType;
  eventTs: number;
  runId: string;
  /** How often it was claimed, this time too. */
  tries: number;
  endedAt: number | null;
  /** The last fault, or why nothing was done. */
  error: string | null;
}

/** Work that follows from events, as rows: exactly one for each event and target, with any number of daemons. */
export interface Notices {
  /**
   * Makes the notices of events of these types since the loop's last call; its first call ever begins with what comes from
   * then on. At most `limit` events. Returns how many it looked at: `limit` = there may be more.
   */
  collect(
    loop: string,
    types: readonly RunEventType[],
    targets: readonly string[],
    limit: number,
  ): Promise<number>;
  /** Leases up to `max` that are open and due, oldest first; an expired lease is claimed again. */
  claim(loop: string, owner: string, max: number, leaseMs: number): Promise<Notice[]>;
  /** Claimed again after `delayMs`. */
  later(id: number, delayMs: number, error: string): Promise<void>;
  /** What was put off is due now, of runs of this code location. */
  hasten(loop: string, location: string): Promise<void>;
  /** It is done, or never will be: then with the reason. */
  end(id: number, error?: string | undefined): Promise<void>;
  /** Newest first. */
  list(loop: string, limit: number): Promise<Notice[]>;
}
