import type { AssetStorage } from "./asset-storage.ts";
import type { AutomationStorage } from "./automation-storage.ts";
import type { BackfillStorage } from "./backfill-storage.ts";
import type { ComputeRequests } from "./compute.ts";
import type { EventLog } from "./event-log.ts";
import type { Heartbeats } from "./heartbeats.ts";
import type { LocationStorage } from "./location-storage.ts";
import type { Notices } from "./notices.ts";
import type { PoolStorage } from "./pool-storage.ts";
import type { Retention } from "./retention.ts";
import type { RunStorage } from "./run-storage.ts";
import type { StepLaunches } from "./step-launches.ts";
import type { TickStorage } from "./tick-storage.ts";

/** What changed; subscribers re-read, they are never handed state. `id` is a run id, the name of a location or pool, a backfill id, or empty. */
export type Channel = "queue" | "compute" | "run" | "asset" | "tick" | "location" | "backfill" | "pool";

/** The one database. Adapters: PGlite (embedded) and Postgres, through the same SQL. */
export interface Storage {
  runs: RunStorage;
  events: EventLog;
  assets: AssetStorage;
  ticks: TickStorage;
  compute: ComputeRequests;
  locations: LocationStorage;
  steps: StepLaunches;
  heartbeats: Heartbeats;
  backfills: BackfillStorage;
  pools: PoolStorage;
  automation: AutomationStorage;
  notices: Notices;
  retention: Retention;
  /** Small things of the installation: `instance_id`, `token_secret`, … `init` is stored when the key is absent; returns what is stored. */
  setting(key: string, init: () => string): Promise<string>;
  /** At-least-once wake-up after commit; coalesced, and lost while the database is away, so every loop also has a slow interval. */
  subscribe(channel: Channel, handler: (id: string) => void): () => void;
  /** Rejects while the database cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
