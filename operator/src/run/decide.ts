/** What a Run object tells of its run, and when it goes. Pure. */
import { type CodeLocationRow, isEnded, type RunRecord } from "@dagster-operator/engine";
import { ASSET_JOB } from "@dagster-operator/sdk/internal";
import { type Told, tellConditions } from "../runtime/condition.ts";
import type { RunObject, RunStatusFields } from "./run-objects.ts";

/** What the supervisor knows of the run's pod. */
export interface WorkerCause {
  /** `Running`, `Starting`, `ImagePullBackOff`, `OOMKilled`, … */
  cause: string;
  message: string;
}

/** Seconds that ended runs stay when their location does not say. */
export interface Ttl {
  success: number;
  failure: number;
}

export function runStatus(
  object: RunObject,
  run: RunRecord,
  worker: WorkerCause | null,
  now: string,
): RunStatusFields {
  const { reason, message } = why(object, run, worker);
  const conditions: Told[] = [
    { type: "Submitted", status: "True", reason: "Submitted", message: `run ${run.runId}` },
    running(run, worker),
    isEnded(run.status)
      ? { type: "Succeeded", status: run.status === "SUCCESS" ? "True" : "False", reason, message }
      : { type: "Succeeded", status: "Unknown", reason: "NotEnded", message: "" },
  ];
  return {
    ...tellConditions(object, conditions, now),
    location: run.location,
    // A job of assets has both; a selection of assets without a job has a job that nobody named.
    ...(run.job !== ASSET_JOB && { job: run.job }),
    phase: run.status,
    runId: run.runId,
    stepsTotal: run.stepsTotal,
    stepsDone: run.stepsDone,
    ...(run.startedAt !== null && { startTime: iso(run.startedAt) }),
    ...(run.endedAt !== null && { endTime: iso(run.endedAt) }),
    reason,
    message,
  };
}

function running(run: RunRecord, worker: WorkerCause | null): Told {
  const told = (status: "True" | "False", reason: string, message = ""): Told => ({
    type: "Running",
    status,
    reason,
    message,
  });
  if (isEnded(run.status)) return told("False", "Ended");
  if (run.status === "QUEUED") return told("False", "Queued", "it waits for its turn in the queue");
  if (worker === null) return told("False", "Starting", "its Job is made");
  return told(worker.cause === "Running" ? "True" : "False", worker.cause, worker.message.slice(0, 1024));
}

/** Why it is as it is, as one word and for people. */
function why(
  object: RunObject,
  run: RunRecord,
  worker: WorkerCause | null,
): { reason: string; message: string } {
  const message = (run.error?.message ?? "").slice(0, 1024);
  switch (run.status) {
    case "SUCCESS":
      return { reason: "Succeeded", message: "" };
    case "CANCELED":
      return { reason: "Canceled", message };
    case "FAILURE":
      if (run.error?.name !== "WorkerExit") return { reason: "Failed", message };
      if (worker && worker.cause !== "Running") return { reason: worker.cause, message };
      // A later leader no longer sees the worker.
      return {
        reason: (object.status?.phase === run.status && object.status.reason) || "WorkerLost",
        message,
      };
    case "CANCELING":
      return { reason: "Canceling", message: "its worker was asked to stop" };
    default:
      return worker && worker.cause !== "Running"
        ? { reason: worker.cause, message: worker.message.slice(0, 1024) }
        : { reason: run.status === "QUEUED" ? "Queued" : "Running", message: "" };
  }
}

/** Milliseconds until an ended run's object goes with its Job, pods and Secret; null while it has not ended. */
export function timeToLive(
  run: Pick<RunRecord, "status" | "endedAt">,
  row: Pick<CodeLocationRow, "template"> | null,
  ttl: Ttl,
  now: number,
): number | null {
  if (!isEnded(run.status) || run.endedAt === null) return null;
  const seconds =
    run.status === "SUCCESS"
      ? (row?.template.ttlAfterSuccess ?? ttl.success)
      : (row?.template.ttlAfterFailure ?? ttl.failure);
  return Math.max(0, run.endedAt + seconds * 1000 - now);
}

/** A Run object whose spec cannot be run as it is. `target`: what is known of what it is to run. */
export function refused(
  object: RunObject,
  target: Pick<RunStatusFields, "location" | "job">,
  reason: string,
  message: string,
  now: string,
): RunStatusFields {
  const short = message.slice(0, 1024);
  return {
    ...tellConditions(object, [{ type: "Submitted", status: "False", reason, message: short }], now),
    ...target,
    phase: reason === "Invalid" ? "FAILURE" : reason === "Canceled" ? "CANCELED" : "QUEUED",
    reason,
    message: short,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
