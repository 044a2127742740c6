import { type BackfillDetail, type BackfillStatus, countStates } from "@dagster-operator/engine";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL, NOW } from "../database/database.ts";
import { json } from "../database/json.ts";
import { BACKFILL_DETAIL } from "./record.ts";

const CLAIM = `
  with picked as materialized (
    select no from backfill
    where status in ('REQUESTED', 'CANCELING') and available_at <= ${NOW} and (status = 'CANCELING' or not paused)
    order by available_at, no limit $2 for update skip locked
  ), claimed as (
    update backfill b set owner = $1, available_at = ${NOW} + $3::double precision
    from picked where b.no = picked.no
    returning b.*
  )
  select ${BACKFILL_DETAIL} from claimed b order by b.no`;

const RENEW = `
  update backfill set available_at = ${NOW} + $3::double precision
  where id = $1 and owner = $2 and status in ('REQUESTED', 'CANCELING') returning no`;

// A cancel that came while the decision was made is not overwritten by it.
const SAVE = `
  with saved as (
    update backfill
    set states = $3, counts = $4, error = $6, updated_at = $8::double precision, owner = null,
      status = case when status = 'CANCELING' and $5 <> 'CANCELED' then status else $5::text end,
      ended_at = case when $5 in ('REQUESTED', 'CANCELING') or (status = 'CANCELING' and $5 <> 'CANCELED') then null else $8::double precision end,
      available_at = case when status = $5 then ${NOW} + $7::double precision else 0 end
    where id = $1 and owner = $2
    returning no
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'backfill:' || $1::text) from saved`;

export const claim = (
  database: Database,
  owner: string,
  max: number,
  leaseMs: number,
): Promise<BackfillDetail[]> =>
  max > 0 ? database.rows<BackfillDetail>(CLAIM, [owner, max, leaseMs]) : Promise.resolve([]);

export const renew = async (database: Database, id: string, owner: string, leaseMs: number) =>
  (await database.rows(RENEW, [id, owner, leaseMs])).length > 0;

export async function save(
  database: Database,
  id: string,
  owner: string,
  outcome: { states: string[]; status: BackfillStatus; error?: ErrorInfo | null | undefined },
  delayMs: number,
  now: number,
): Promise<boolean> {
  const { states, status, error } = outcome;
  const rows = await database.rows(SAVE, [
    id,
    owner,
    json(states),
    json(countStates(states)),
    status,
    error ? json(error) : null,
    delayMs,
    now,
  ]);
  return rows.length > 0;
}
