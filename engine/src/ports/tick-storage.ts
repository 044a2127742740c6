import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { AssetEventRecord } from "./asset-storage.ts";

export type InstigatorKind = "SCHEDULE" | "SENSOR";
export interface InstigatorId {
  kind: InstigatorKind;
  location: string;
  name: string;
}
export interface InstigatorState extends InstigatorId {
  /** null = as the definition says. */
  status: "RUNNING" | "STOPPED" | null;
  cursor: string | null;
  /** A schedule's last tick time handled, a sensor's last evaluation (ms). */
  lastTickAt: number | null;
  lastRunKey: string | null;
  /** Ticks before this are none of its business: when it was first seen running, or switched on (ms). */
  since: number | null;
}
export type TickStatus = "STARTED" | "SUCCESS" | "SKIPPED" | "FAILURE";
/** What an evaluation asked of dynamic partitions. */
export interface PartitionsRequestResult {
  type: "ADD_PARTITIONS" | "DELETE_PARTITIONS";
  /** Of the dynamic partitions. */
  name: string;
  keys: string[];
  /** Of these the ones that were there already, or were not there. */
  skippedKeys: string[];
}
export interface Tick extends InstigatorId {
  id: number;
  status: TickStatus;
  /** Scheduled time for a schedule, evaluation time for a sensor (ms). */
  at: number;
  startedAt: number;
  endedAt: number | null;
  runIds: string[];
  skipReason: string | null;
  error: ErrorInfo | null;
  cursor: string | null;
  /** Runs that a run-status sensor was asked about. */
  originRunIds: string[];
  /** Lines logged by the evaluation. */
  logs: string[];
  dynamicPartitions: PartitionsRequestResult[];
}

export interface TickStorage {
  states(): Promise<InstigatorState[]>;
  setStatus(id: InstigatorId, status: InstigatorState["status"], now: number): Promise<void>;
  setCursor(id: InstigatorId, cursor: string | null): Promise<void>;
  /** Remembers `since` for instigators seen running for the first time. */
  ensure(ids: InstigatorId[], now: number): Promise<void>;
  /**
   * Opens a tick and leases it. null when another daemon holds one for this instigator, or this `at` of a schedule is done:
   * one evaluation at a time, one tick per scheduled time, ever. An expired lease of the same `at` is taken over (same id); of a
   * schedule one of another `at` too, and comes first: the tick's own `at` says which it is.
   *
   * @param seen what the caller plans by: null too when the instigator is not like that any more; absent = it does not matter
   */
  begin(
    id: InstigatorId,
    at: number,
    owner: string,
    leaseMs: number,
    now: number,
    seen?: Pick<InstigatorState, "status" | "cursor" | "lastTickAt">,
  ): Promise<Tick | null>;
  /** Gives up a tick that could not be evaluated: its row goes, as if it had never begun. Not held any more: nothing happens. */
  release(tickId: number, owner: string): Promise<void>;
  /** Closes it, moves cursor and last tick in the same transaction. @throws Conflict the lease was lost */
  finish(
    tickId: number,
    owner: string,
    outcome: {
      status: Exclude<TickStatus, "STARTED">;
      runIds: string[];
      skipReason?: string | undefined;
      error?: ErrorInfo | undefined;
      cursor?: string | null | undefined;
      lastRunKey?: string | undefined;
      logs: string[];
      originRunIds?: string[] | undefined;
      dynamicPartitions?: PartitionsRequestResult[] | undefined;
      /** Written as if reported from outside, in the same transaction. */
      assetEvents?: AssetEventRecord["event"][] | undefined;
    },
    now: number,
  ): Promise<void>;
  /** Newest first. */
  ticks(
    id: InstigatorId,
    page: { limit: number; before?: number | undefined; statuses?: TickStatus[] | undefined },
  ): Promise<Tick[]>;
}
