import type { Storage } from "@dagster-operator/engine";
import { assetStorage } from "../assets/asset-storage.ts";
import { automationStorage } from "../automation/automation-storage.ts";
import { backfillStorage } from "../backfills/backfill-storage.ts";
import { computeRequests } from "../compute/compute-requests.ts";
import { eventLog } from "../events/event-log.ts";
import { heartbeats } from "../heartbeats/heartbeats.ts";
import { locationStorage } from "../locations/location-storage.ts";
import { notices } from "../notices/notices.ts";
import { poolStorage } from "../pools/pool-storage.ts";
import { retention } from "../retention/retention.ts";
import { runStorage } from "../runs/run-storage.ts";
import { stepLaunches } from "../steps/step-launches.ts";
import { tickStorage } from "../ticks/tick-storage.ts";
import type { Database } from "./database.ts";
import { WakeUps } from "./wake-ups.ts";

const SETTING = "insert into setting (key, value) values ($1, $2) on conflict (key) do nothing";

/** The port over a migrated database. `producer` names this process among those that write events. */
export function storageOver(database: Database, producer: string, now: () => number): Storage {
  const wakeUps = new WakeUps(database);
  const read = async (key: string) =>
    (await database.rows<{ value: string }>("select value from setting where key = $1", [key]))[0]?.value;
  return {
    runs: runStorage(database, producer, now),
    events: eventLog(database, producer),
    assets: assetStorage(database),
    ticks: tickStorage(database),
    compute: computeRequests(database),
    locations: locationStorage(database),
    steps: stepLaunches(database),
    heartbeats: heartbeats(database),
    backfills: backfillStorage(database, now),
    pools: poolStorage(database),
    automation: automationStorage(database),
    notices: notices(database),
    retention: retention(database),
    async setting(key, init) {
      const known = await read(key);
      if (known !== undefined) return known;
      await database.rows(SETTING, [key, init()]);
      const stored = await read(key);
      if (stored === undefined) throw new Error(`setting ${key} was stored and is not there`);
      return stored;
    },
    subscribe: (channel, handler) => wakeUps.subscribe(channel, handler),
    async ping() {
      await database.rows("select 1");
    },
    async close() {
      wakeUps.close();
      await database.close();
    },
  };
}
