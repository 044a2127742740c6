import { Conflict, isEnded, NotFound, type PoolSettings, type SlotRequest } from "@dagster-operator/engine";
import type { RunStatus } from "@dagster-operator/sdk/internal";
import { type Database, NOW } from "../database/database.ts";
import { json } from "../database/json.ts";
import { grant } from "./grant.ts";

// Whoever ends the run or raises its attempt waits for this lock, and then takes away what is added here.
const LOCK = "select no, status, attempt from run where id = $1 for share";

const ADD = `
  insert into pool_slot (run_no, attempt, step_key, pool, priority, asked_at, held_at)
  select $1, $2, "stepKey", pool, priority, ${NOW}, case when $4::boolean then ${NOW} end
  from json_to_recordset($3::json) as s ("stepKey" text, pool text, priority integer)
  order by priority desc
  on conflict (run_no, step_key) do nothing`;

const HELD = `
  select step_key as "stepKey" from pool_slot
  where run_no = $1 and step_key = any($2::text[]) and held_at is not null`;

export async function ask(
  database: Database,
  { runId, attempt }: { runId: string; attempt: number },
  slots: readonly SlotRequest[],
  settings: PoolSettings,
): Promise<string[]> {
  if (slots.length === 0) return [];
  return database.transaction(async (session) => {
    const [run] = await session.rows<{ no: number; status: RunStatus; attempt: number }>(LOCK, [runId]);
    if (!run) throw new NotFound("run", runId);
    if (isEnded(run.status)) throw new Conflict(`run ${runId} has ended (${run.status})`);
    if (attempt < run.attempt)
      throw new Conflict(
        `attempt ${attempt} of run ${runId} is fenced: attempt ${run.attempt} has taken over`,
      );
    const byRun = settings.granularity === "run";
    await session.rows(ADD, [run.no, attempt, json(slots), byRun]);
    if (!byRun) await grant(session, [...new Set(slots.map(({ pool }) => pool))].sort(), settings);
    const held = await session.rows<{ stepKey: string }>(HELD, [run.no, slots.map(({ stepKey }) => stepKey)]);
    return held.map(({ stepKey }) => stepKey);
  });
}
