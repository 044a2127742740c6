import { type ClaimedStep, NotFound, type StepLaunches, type StepLaunchKey } from "@dagster-operator/engine";
import type { StepRequest, StepResult } from "@dagster-operator/sdk/internal";
import { type Database, NOTIFY_CHANNEL, NOW } from "../database/database.ts";
import { json } from "../database/json.ts";

const REQUEST = `
  with added as (
    insert into step_launch (run_no, attempt, step_key, step_attempt, op, tags, request, available_at)
    select no, $2, $3, $4, $5, $6, $7, 0 from run where id = $1
    on conflict (run_no, attempt, step_key, step_attempt) do nothing
  )
  select no, pg_notify('${NOTIFY_CHANNEL}', 'compute:') from run where id = $1`;

const WHERE =
  "run_no = (select no from run where id = $1) and attempt = $2 and step_key = $3 and step_attempt = $4";
const GET = `select request, result from step_launch where ${WHERE}`;

const CLAIM = `
  with dropped as (
    delete from step_launch s using run r
    where r.no = s.run_no and not s.started
      and (r.status in ('SUCCESS', 'FAILURE', 'CANCELED') or r.attempt > s.attempt)
    returning s.id
  ), picked as materialized (
    select id from step_launch
    where not started and available_at <= ${NOW} and id not in (select id from dropped)
    order by id limit $2 for update skip locked
  ), claimed as (
    update step_launch s set owner = $1, available_at = ${NOW} + $3::double precision
    from picked where s.id = picked.id
    returning s.*
  )
  select c.id, r.id as "runId", c.attempt, c.step_key as "stepKey", c.step_attempt as "stepAttempt",
    r.location, r.code_version as "codeVersion", c.op, c.tags
  from claimed c join run r on r.no = c.run_no
  order by c.id`;

const FINISH = `
  with ended as (update step_launch set result = $5, started = true where ${WHERE} and result is null returning id)
  select pg_notify('${NOTIFY_CHANNEL}', 'run:' || $1::text) from ended`;

const keyOf = ({ runId, attempt, stepKey, stepAttempt }: StepLaunchKey) => [
  runId,
  attempt,
  stepKey,
  stepAttempt,
];

export function stepLaunches(database: Database): StepLaunches {
  return {
    async request({ request, op, tags }) {
      const { run, stepKey, stepAttempt } = request;
      const key = { runId: run.runId, attempt: run.attempt, stepKey, stepAttempt };
      const rows = await database.rows(REQUEST, [...keyOf(key), op, json(tags), json(request)]);
      if (rows.length === 0) throw new NotFound("run", run.runId);
    },
    async get(key) {
      const [row] = await database.rows<{ request: StepRequest; result: StepResult | null }>(GET, keyOf(key));
      return row ?? null;
    },
    claim: (owner, max, leaseMs) =>
      max > 0 ? database.rows<ClaimedStep>(CLAIM, [owner, max, leaseMs]) : Promise.resolve([]),
    async started(id) {
      await database.rows("update step_launch set started = true where id = $1", [id]);
    },
    async finish(key, result) {
      return (await database.rows(FINISH, [...keyOf(key), json(result)])).length > 0;
    },
  };
}
