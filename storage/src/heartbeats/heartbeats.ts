import type { Heartbeat, Heartbeats } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";
import { json } from "../database/json.ts";

const FORGET_MS = 3_600_000;

const BEAT = `
  with old as (delete from daemon_heartbeat where at < $3::double precision - ${FORGET_MS})
  insert into daemon_heartbeat (type, owner, at, error)
  select beat->>'type', $1, $3, case when json_typeof(beat->'error') = 'null' then null else beat->'error' end
  from json_array_elements($2::json) beat
  on conflict (type, owner) do update set at = excluded.at, error = excluded.error`;

export function heartbeats(database: Database): Heartbeats {
  return {
    async beat(owner, loops, now) {
      if (loops.length > 0) await database.rows(BEAT, [owner, json(loops), now]);
    },
    list: () =>
      database.rows<Heartbeat>("select type, owner, at, error from daemon_heartbeat order by type, at desc"),
  };
}
