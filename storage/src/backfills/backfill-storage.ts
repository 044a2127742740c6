import {
  type BackfillDetail,
  type BackfillFilter,
  type BackfillRecord,
  type BackfillStorage,
  countStates,
  type NewBackfill,
  partitionsOfEach,
  waitingStates,
} from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, type Parameter } from "../database/database.ts";
import { json } from "../database/json.ts";
import { changeStatus, setPaused } from "./change.ts";
import { claim, renew, save } from "./claim.ts";
import { BACKFILL_DETAIL, BACKFILL_RECORD } from "./record.ts";
import { cancelQueuedRuns, runsOf } from "./runs.ts";

const SUBMIT = `
  with created as (
    insert into backfill (id, location, job, status, assets, targets, states, counts, num_partitions, from_failure, steps,
      run_config, tags, title, description, parent_id, idempotency_key, created_at, updated_at)
    select $1, $2, $3, 'REQUESTED', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17
    where not exists (select from spent_key s where s.key = md5($16)::uuid)
    on conflict do nothing
    returning id
  )
  select id, pg_notify('${NOTIFY_CHANNEL}', 'backfill:' || id) from created`;

const KNOWN = "select id from backfill where id = $1 or idempotency_key = $2 order by no limit 1";

async function submit(database: Database, backfill: NewBackfill, now: number) {
  const { backfillId, targets, idempotencyKey } = backfill;
  const states = waitingStates(targets);
  const created = await database.rows(SUBMIT, [
    backfillId,
    backfill.location,
    backfill.job,
    json(targets.flatMap(({ asset }) => (asset ? [asset] : []))),
    json(targets),
    json(states),
    json(countStates(states)),
    partitionsOfEach(targets),
    backfill.fromFailure,
    backfill.steps ? json(backfill.steps) : null,
    json(backfill.runConfig),
    json(backfill.tags),
    backfill.title,
    backfill.description,
    backfill.parentId,
    idempotencyKey,
    now,
  ]);
  if (created.length > 0) return { backfillId, created: true };
  const [known] = await database.rows<{ id: string }>(KNOWN, [backfillId, idempotencyKey]);
  return { backfillId: known?.id ?? backfillId, created: false };
}

function where(filter: BackfillFilter) {
  const params: Parameter[] = [];
  const param = (value: Parameter) => `$${params.push(value)}`;
  const all = ["true"];
  if (filter.backfillIds) all.push(`b.id = any(${param(filter.backfillIds)}::text[])`);
  if (filter.statuses) all.push(`b.status = any(${param(filter.statuses)}::text[])`);
  if (filter.location !== undefined) all.push(`b.location = ${param(filter.location)}`);
  if (filter.job !== undefined) all.push(`b.job = ${param(filter.job)}`);
  if (filter.asset) all.push(`b.assets @> ${param(json([filter.asset]))}::jsonb`);
  if (filter.createdAfter !== undefined) all.push(`b.created_at > ${param(filter.createdAfter)}`);
  if (filter.createdBefore !== undefined) all.push(`b.created_at < ${param(filter.createdBefore)}`);
  return { sql: all.join(" and "), params, param };
}

export function backfillStorage(database: Database, now: () => number): BackfillStorage {
  return {
    submit: (backfill) => submit(database, backfill, now()),
    async get(backfillId) {
      const sql = `select ${BACKFILL_DETAIL} from backfill b where b.id = $1`;
      return (await database.rows<BackfillDetail>(sql, [backfillId]))[0] ?? null;
    },
    list(filter, { limit, cursor }) {
      const { sql, params, param } = where(filter);
      const beyond =
        cursor === undefined ? "" : `and b.no < (select no from backfill where id = ${param(cursor)})`;
      return database.rows<BackfillRecord>(
        `select ${BACKFILL_RECORD} from backfill b where ${sql} ${beyond} order by b.no desc limit ${param(limit)}`,
        params,
      );
    },
    async count(filter) {
      const { sql, params } = where(filter);
      const [row] = await database.rows<{ count: number }>(
        `select count(*)::integer as count from backfill b where ${sql}`,
        params,
      );
      return row?.count ?? 0;
    },
    cancel: (id) => changeStatus(database, id, { from: ["REQUESTED", "FAILED"], to: "CANCELING" }, now()),
    resume: (id) => changeStatus(database, id, { from: ["FAILED"], to: "REQUESTED" }, now()),
    setPaused: (id, paused) => setPaused(database, id, paused, now()),
    claim: (owner, max, leaseMs) => claim(database, owner, max, leaseMs),
    renew: (id, owner, leaseMs) => renew(database, id, owner, leaseMs),
    save: (id, owner, outcome, delayMs) => save(database, id, owner, outcome, delayMs, now()),
    runs: (id) => runsOf(database, id),
    cancelQueuedRuns: (id, reason) => cancelQueuedRuns(database, id, reason, now()),
  };
}
