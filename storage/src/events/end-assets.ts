import type { Session } from "../database/database.ts";

const END = `
  with closed as (
    update run_asset set open = false where run_no = $1 and open returning asset_key, partition
  ), failed as (
    update asset set last_run_failed = true
    where $3::boolean and last_run_id = $2 and key in (select asset_key from closed)
  ), settled as (
    select c.asset_key, c.partition, other.id as other
    from closed c left join lateral (
      select r.id from run_asset o join run r on r.no = o.run_no
      where o.open and o.asset_key = c.asset_key and o.partition = c.partition and o.run_no <> $1
      order by o.run_no desc limit 1
    ) other on true
    where c.partition <> ''
  )
  update asset_partition p
  set run_id = coalesce(s.other, p.run_id),
    status = case
      when s.other is not null then 'IN_PROGRESS'
      when $3 then 'FAILED'
      when p.last_materialization is not null then 'MATERIALIZED'
    end
  from settled s
  where p.asset_key = s.asset_key and p.partition = s.partition and p.run_id = $2 and p.status = 'IN_PROGRESS'`;

/** The run ended: what it planned and did not make is failed, or again what it was before, or another run's that is at it. */
export async function endAssets(
  session: Session,
  runNo: number,
  runId: string,
  failed: boolean,
): Promise<void> {
  await session.rows(END, [runNo, runId, failed]);
}
