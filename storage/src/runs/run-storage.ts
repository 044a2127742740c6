import type { RunRecord, RunStorage, StepRecord } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { cancel } from "./cancel.ts";
import { deleteRun } from "./delete.ts";
import { dequeue } from "./dequeue.ts";
import { count, list } from "./list.ts";
import { newestByPartition } from "./newest-by-partition.ts";
import { RUN_RECORD } from "./record.ts";
import { resume } from "./resume.ts";
import { submitter } from "./submit.ts";
import { tagKeys, tagValues } from "./tags.ts";
import { underWay } from "./under-way.ts";

const STEPS = `
  select step_key as "stepKey", status, attempts, started_at as "startedAt", ended_at as "endedAt", error
  from run_step where run_no = (select no from run where id = $1) order by started_at nulls last, step_key`;

/** `now`: milliseconds since the epoch, for the times of rows and events that this process writes. */
export function runStorage(database: Database, producer: string, now: () => number): RunStorage {
  return {
    submit: submitter(database, now),
    async get(runId) {
      const [run] = await database.rows<RunRecord>(`select ${RUN_RECORD} from run r where r.id = $1`, [
        runId,
      ]);
      return run ?? null;
    },
    list: (filter, page) => list(database, filter, page),
    count: (filter) => count(database, filter),
    newestByPartition: (location, job) => newestByPartition(database, location, job),
    steps: (runId) => database.rows<StepRecord>(STEPS, [runId]),
    dequeue: (limits, max) => dequeue(database, limits, max, now()),
    cancel: (runId, options = {}) => cancel(database, producer, runId, options, now()),
    underWay: () => underWay(database),
    resume: (run, event) => resume(database, producer, run, event),
    delete: (runId) => deleteRun(database, runId),
    tagValues: (key, prefix, limit) => tagValues(database, key, prefix, limit),
    tagKeys: () => tagKeys(database),
  };
}
