import type { RunEvent, RunEventType, RunStatus } from "@dagster-operator/sdk/internal";

export interface EventBatch {
  runId: string;
  /** Who writes: `worker:<attempt>` or `control-plane:<id>`. Sequence numbers count per producer, from 1, without gaps. */
  producer: string;
  /** Attempt of the worker; absent for the control plane. */
  attempt?: number | undefined;
  events: { seq: number; event: RunEvent }[];
}

export interface AppendResult {
  /** Highest sequence number stored of this producer: everything up to it may be forgotten by the sender. */
  acceptedThrough: number;
  status: RunStatus;
}

export interface EventRecord {
  /** Increasing within a run; a cursor. */
  id: number;
  runId: string;
  event: RunEvent;
}

export interface EventLog {
  /**
   * Stores and folds in one transaction: the run's status and times, its steps, asset and partition state, check results.
   * Idempotent by (run, producer, seq). Events of a run that has ended are stored but no longer
   * change its status, and a second end is stored as ENGINE_EVENT.
   * @throws NotFound no such run · Conflict the attempt is lower than the highest seen (fenced) or `seq` leaves a gap
   */
  append(batch: EventBatch): Promise<AppendResult>;
  /** Ascending by id. */
  list(
    runId: string,
    page: {
      after?: number | undefined;
      limit: number;
      types?: RunEventType[] | undefined;
      stepKey?: string | undefined;
    },
  ): Promise<EventRecord[]>;
  /** Events of all runs of the given types after a cursor, ascending; for sensors. */
  tail(types: RunEventType[], after: number, limit: number): Promise<EventRecord[]>;
  /** No event that is stored later, or is not committed yet, has this id or a smaller one: a cursor to begin at. */
  mark(): Promise<number>;
  /**
   * Writes control-plane events with the next free sequence numbers of this process' producer.
   * @throws NotFound · Conflict the run is no longer in one of the statuses of `only`, or of that attempt: nothing is written
   */
  report(
    runId: string,
    events: RunEvent[],
    only?: { statuses: readonly RunStatus[]; attempt?: number | undefined },
  ): Promise<AppendResult>;
}
