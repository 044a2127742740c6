import type { PoolStorage } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { ask } from "./ask.ts";
import { grant } from "./grant.ts";
import { deleteLimit, limits, setLimit } from "./limits.ts";
import { listPools } from "./list.ts";

const FREE = `
  with freed as (
    delete from pool_slot s using run r
    where r.id = $1 and s.run_no = r.no and ($2::text is null or s.step_key = $2) returning s.pool
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'pool:' || pool) from freed`;

export function poolStorage(database: Database): PoolStorage {
  return {
    limits: () => limits(database),
    setLimit: (pool, limit) => setLimit(database, pool, limit),
    deleteLimit: (pool) => deleteLimit(database, pool),
    ask: (run, slots, settings) => ask(database, run, slots, settings),
    grant: (pool, settings) => database.transaction((session) => grant(session, [pool], settings)),
    async free(runId, stepKey) {
      return (await database.rows(FREE, [runId, stepKey ?? null])).length;
    },
    list: (settings, known = []) => listPools(database, settings, known),
  };
}
