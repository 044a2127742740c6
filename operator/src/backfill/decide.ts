/** What a Backfill object tells of its backfill. Pure. */
import type { BackfillRecord, BackfillStatus } from "@dagster-operator/engine";
import { type Told, tellConditions } from "../runtime/condition.ts";
import type { BackfillObject } from "./backfill-object.ts";

type Status = NonNullable<BackfillObject["status"]>;
/** The closed set of reasons for which one is not submitted. */
export type Refusal = "Invalid" | "NotFound" | "CodeLocationUnavailable" | "Canceled";

export const isOver = (status: BackfillStatus): boolean =>
  status === "CANCELED" || status === "COMPLETED_SUCCESS" || status === "COMPLETED_FAILED";

export function backfillStatus(object: BackfillObject, backfill: BackfillRecord, now: string): Status {
  const { waiting, requested, done, failed, skipped, canceled } = backfill.counts;
  const conditions: Told[] = [
    {
      type: "Submitted",
      status: "True",
      reason: "Submitted",
      message: `backfill ${backfill.backfillId}`,
    },
    { type: "Succeeded", ...succeeded(backfill) },
  ];
  return {
    ...tellConditions(object, conditions, now),
    location: backfill.location,
    ...(backfill.job !== null && { job: backfill.job }),
    phase: backfill.status,
    backfillId: backfill.backfillId,
    requested: waiting + requested + done + failed + skipped + canceled,
    waiting,
    inProgress: requested,
    done,
    failed: failed + canceled,
    skipped,
    startTime: new Date(backfill.createdAt).toISOString(),
    ...(backfill.endedAt !== null && { endTime: new Date(backfill.endedAt).toISOString() }),
  };
}

function succeeded(backfill: BackfillRecord): Omit<Told, "type"> {
  const { status, counts, error, paused } = backfill;
  switch (status) {
    case "COMPLETED_SUCCESS":
      return { status: "True", reason: "Succeeded", message: `${counts.done} partitions were made` };
    case "COMPLETED_FAILED":
      return {
        status: "False",
        reason: "SomeFailed",
        message: `${counts.failed} partitions failed and ${counts.skipped} were skipped because of them; ${counts.done} were made`,
      };
    case "FAILED":
      return { status: "False", reason: "Failed", message: (error?.message ?? "").slice(0, 1024) };
    case "CANCELED":
      return { status: "False", reason: "Canceled", message: `${counts.canceled} partitions were not made` };
    case "CANCELING":
      return { status: "Unknown", reason: "Canceling", message: "its runs were asked to stop" };
    case "REQUESTED":
      return paused
        ? { status: "Unknown", reason: "Paused", message: "it requests nothing more until it is let go on" }
        : { status: "Unknown", reason: "InProgress", message: "" };
  }
}

/** It could not be submitted as it is. `target`: what is known of what it is to run. */
export function refused(
  object: BackfillObject,
  target: Pick<Status, "location" | "job">,
  reason: Refusal,
  message: string,
  now: string,
): Status {
  return {
    ...tellConditions(
      object,
      [{ type: "Submitted", status: "False", reason, message: message.slice(0, 1024) }],
      now,
    ),
    ...target,
    phase: reason === "Invalid" ? "FAILED" : reason === "Canceled" ? "CANCELED" : "REQUESTED",
  };
}
