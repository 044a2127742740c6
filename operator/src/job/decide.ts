/** What a Job object tells. Pure. */
import type { RunRecord } from "@dagster-operator/engine";
import type { JobObject } from "../definitions/objects.ts";
import type { Validity } from "../definitions/validity.ts";
import { mergeConditions } from "../runtime/condition.ts";

export interface JobSeen {
  object: JobObject;
  validity: Validity;
  /** Name in the page of the code location. */
  location: string;
  /** The newest run of its definition, and how many there are. */
  lastRun: Pick<RunRecord, "runId" | "status" | "startedAt" | "endedAt"> | null;
  runs: number;
  /** ISO 8601. */
  now: string;
}

export function jobStatus(seen: JobSeen): NonNullable<JobObject["status"]> {
  const { object, validity, location, lastRun, runs, now } = seen;
  return {
    observedGeneration: object.metadata.generation ?? 1,
    conditions: mergeConditions(object.status?.conditions, validity.conditions, now),
    location,
    ...(validity.definition !== null && { definition: validity.definition }),
    ...(lastRun && {
      lastRun: {
        id: lastRun.runId,
        status: lastRun.status,
        ...(lastRun.startedAt !== null && { startTime: iso(lastRun.startedAt) }),
        ...(lastRun.endedAt !== null && { endTime: iso(lastRun.endedAt) }),
      },
    }),
    runs,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
