import {
  type AutomationCursor,
  type AutomationStorage,
  Conflict,
  type EvaluationNode,
  type PendingRequests,
} from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { assetKey, assetPath, json, plain } from "../database/json.ts";

// The tick's row is locked, so that nobody takes it over between this look and the commit.
const HELD = "select 1 from tick where id = $1 and owner = $2 and status = 'STARTED' for update";

const SAVE = `
  with records as (
    insert into automation_evaluation (location, asset_key, check_name, evaluation_id, sensor, at, requested, root)
    select $1, r.key, coalesce(r."check", ''), r."evaluationId", $2, r.at, r.requested, r.root
    from json_to_recordset($5::json) as r (key text, "check" text, "evaluationId" bigint, at double precision, requested integer, root json)
    on conflict do nothing
  )
  insert into automation (location, sensor, cursor, pending) values ($1, $2, $3::json, $4::json)
  on conflict (location, sensor) do update set cursor = excluded.cursor, pending = excluded.pending`;

const SUBMITTED = `
  with done as (
    update automation set pending = null
    where location = $1 and sensor = $2 and (pending ->> 'evaluationId')::bigint = $3
  )
  update automation_evaluation set run_ids = $4::json
  where location = $1 and sensor = $2 and evaluation_id = $3 and requested > 0`;

/** History is kept for this long (ms). */
const KEEP_MS = 30 * 24 * 3600_000;
/** It is looked through for what is older once in so many evaluations. */
const PRUNE_EVERY = 200;
const PRUNE = "delete from automation_evaluation where location = $1 and at < $2";

const RECORD = `
  asset_key as key, nullif(check_name, '') as "check", evaluation_id as "evaluationId", at, requested, run_ids as "runIds", root`;

interface Row {
  key: string;
  check: string | null;
  evaluationId: number;
  at: number;
  requested: number;
  runIds: string[];
  root: EvaluationNode;
}
const record = ({ key, check, ...rest }: Row) => ({
  asset: assetPath(key),
  ...(check === null ? {} : { check }),
  ...rest,
});

export function automationStorage(database: Database): AutomationStorage {
  return {
    async load(location, sensor) {
      const [row] = await database.rows<{ cursor: AutomationCursor; pending: PendingRequests | null }>(
        "select cursor, pending from automation where location = $1 and sensor = $2",
        [location, sensor],
      );
      return row ?? null;
    },
    async save(location, sensor, { tickId, owner }, { cursor, requests, records }) {
      const pending = requests.length > 0 ? json({ evaluationId: cursor.evaluationId, requests }) : null;
      const rows = records.map(({ asset, ...rest }) => ({ key: assetKey(asset), ...rest }));
      await database.transaction(async (session) => {
        const held = await session.rows(HELD, [tickId, plain(owner)]);
        if (held.length === 0)
          throw new Conflict(
            `tick ${tickId}: the lease of ${owner} was lost; another daemon evaluates it or has done so`,
          );
        await session.rows(SAVE, [location, sensor, json(cursor), pending, json(rows)]);
        if (cursor.evaluationId % PRUNE_EVERY === 0)
          await session.rows(PRUNE, [location, cursor.at - KEEP_MS]);
      });
    },
    async submitted(location, sensor, evaluationId, runIds) {
      await database.rows(SUBMITTED, [location, sensor, evaluationId, json(runIds)]);
    },
    async records(location, { asset, check }, { limit, before }) {
      const rows = await database.rows<Row>(
        `select ${RECORD} from automation_evaluation
         where location = $1 and asset_key = $2 and check_name = $3 and ($4::double precision is null or at < $4)
         order by at desc, evaluation_id desc limit $5`,
        [location, assetKey(asset), check ?? "", before ?? null, limit],
      );
      return rows.map(record);
    },
    async evaluation(location, evaluationId, of) {
      const rows = await database.rows<Row>(
        `select ${RECORD} from automation_evaluation
         where location = $1 and evaluation_id = $2
           and ($3::text is null or asset_key = $3 and check_name = $4)
         order by at desc, asset_key, check_name`,
        [location, evaluationId, of ? assetKey(of.asset) : null, of?.check ?? ""],
      );
      return rows.map(record);
    },
  };
}
