import type { ComputeRequests } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL, NOW } from "../database/database.ts";
import { claim } from "./claim.ts";

const TAKE_OVER = `
  with freed as (
    update compute_request set owner = null, available_at = 0 where owner is not null and owner <> $1
  )
  select c.id, r.id as "runId" from compute_request c join run r on r.no = c.run_no where c.kind = 'launch' order by c.id`;

const RELEASE = `
  with released as (
    update compute_request set owner = null, available_at = ${NOW} + $2::double precision where id = $1
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'compute:')`;

const CANCEL = `
  with asked as (
    insert into compute_request (kind, run_no, available_at) select 'cancel', no, 0 from run where id = $1
    on conflict (run_no, kind) do nothing
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'compute:')`;

export function computeRequests(database: Database): ComputeRequests {
  const done = together((ids: number[]) =>
    database.rows("delete from compute_request where id = any($1::bigint[])", [ids]),
  );
  return {
    claim: (owner, max, leaseMs) => claim(database, owner, max, leaseMs),
    takeOver: (owner) => database.rows<{ id: number; runId: string }>(TAKE_OVER, [owner]),
    async requestCancel(runId) {
      await database.rows(CANCEL, [runId]);
    },
    done,
    async release(id, delayMs) {
      await database.rows(RELEASE, [id, delayMs]);
    },
  };
}

/** What is asked for while one statement is under way goes into the next one: a commit for many, not for each. */
function together(work: (ids: number[]) => Promise<unknown>): (id: number) => Promise<void> {
  let waiting: number[] = [];
  let next: Promise<void> | null = null;
  let running: Promise<unknown> = Promise.resolve();
  return (id) => {
    waiting.push(id);
    next ??= running
      .catch(() => undefined)
      .then(() => {
        const ids = waiting;
        waiting = [];
        next = null;
        running = work(ids);
        return running;
      })
      .then(() => undefined);
    return next;
  };
}
