import type { RunFoldState, StepRecord } from "@dagster-operator/engine";
import { NotFound } from "@dagster-operator/engine";
import type { Session } from "../database/database.ts";

export interface LockedRun extends RunFoldState {
  no: number;
  attempt: number;
}

const LOCK = `
  select no, status, attempt, started_at as "startedAt", ended_at as "endedAt", error,
    steps_total as "stepsTotal", steps_done as "stepsDone"
  from run where id = $1 for update`;

/** Nobody else changes this run, its steps or its events until the transaction ends. @throws NotFound */
export async function lockRun(session: Session, runId: string): Promise<LockedRun> {
  const [run] = await session.rows<LockedRun>(LOCK, [runId]);
  if (!run) throw new NotFound("run", runId);
  return run;
}

// Written so that the number of rows read does not grow with the run, whatever the planner knows of new tables: one step
// backwards in an index, and a probe for each named step.
const READ = `
  select
    coalesce((select seq from event where run_no = $1 and producer = $2 order by seq desc limit 1), 0) as "lastSeq",
    (select coalesce(json_agg(json_build_object('stepKey', step_key, 'status', status, 'attempts', attempts,
        'startedAt', started_at, 'endedAt', ended_at, 'error', error)), '[]')
      from (
        select s.* from unnest($3::text[]) as named (step_key)
          cross join lateral (select * from run_step where run_no = $1 and step_key = named.step_key offset 0) s
        union all
        select * from run_step where $4::boolean and run_no = $1 and status in ('IN_PROGRESS', 'UP_FOR_RETRY')
          and step_key <> all($3::text[])
      ) step) as steps`;

/** A statement after the lock, never part of it: only so does it see what the lock's last holder wrote. */
export async function readForAppend(
  session: Session,
  runNo: number,
  producer: string,
  needs: { stepKeys: string[]; open: boolean },
): Promise<{ lastSeq: number; steps: StepRecord[] }> {
  const [row] = await session.rows<{ lastSeq: number; steps: StepRecord[] }>(READ, [
    runNo,
    producer,
    needs.stepKeys,
    needs.open,
  ]);
  return row ?? { lastSeq: 0, steps: [] };
}
