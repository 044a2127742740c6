import type { AutomationRequest } from "../automation/requests.ts";
import type { AutomationCursor, EvaluationNode } from "../automation/state.ts";

/** An asset, or a check of it. */
export interface EntityKey {
  asset: string[];
  check?: string | undefined;
}

/** One evaluation of one condition that is kept: it requested something, or differs from the one before. */
export interface EvaluationRecord extends EntityKey {
  /** Counts per sensor, from 1. */
  evaluationId: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** Partitions that it requested; 1 for an asset without any. */
  requested: number;
  /** Runs that were made of it, among them those for other assets of the same evaluation. */
  runIds: string[];
  root: EvaluationNode;
}

/** Requests of one evaluation that may not all have been submitted. */
export interface PendingRequests {
  evaluationId: number;
  requests: AutomationRequest[];
}

/** `location` and `sensor` name the automation condition sensor that evaluates. */
export interface AutomationStorage {
  /** null before the first evaluation. */
  load(
    location: string,
    sensor: string,
  ): Promise<{ cursor: AutomationCursor; pending: PendingRequests | null } | null>;
  /**
   * What an evaluation came to, in one transaction, before any of its requests is submitted: they are pending from then on.
   * Refused unless `tickId` is open and leased by `owner`. @throws Conflict
   */
  save(
    location: string,
    sensor: string,
    by: { tickId: number; owner: string },
    evaluation: {
      cursor: AutomationCursor;
      requests: AutomationRequest[];
      records: Omit<EvaluationRecord, "runIds">[];
    },
  ): Promise<void>;
  /** The pending requests have been submitted as these runs. */
  submitted(location: string, sensor: string, evaluationId: number, runIds: string[]): Promise<void>;
  /** Newest first; `before` is the time (ms) of the last one of the page before. */
  records(
    location: string,
    of: EntityKey,
    page: { limit: number; before?: number | undefined },
  ): Promise<EvaluationRecord[]>;
  /** Those of one evaluation; default: of all its assets and checks. */
  evaluation(location: string, evaluationId: number, of?: EntityKey): Promise<EvaluationRecord[]>;
}
