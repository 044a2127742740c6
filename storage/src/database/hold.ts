/**
 * Who launches runs on a Postgres: one local system alone, or the operators of a cluster together. A lock of a session, so it is
 * free as soon as the server knows that its process is gone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Conflict } from "@dagster-operator/engine";
import pg from "pg";
import { told } from "./errors.ts";
import { LOCKS } from "./locks.ts";
import { describe } from "./postgres.ts";

export interface HoldOptions {
  /** Who holds it, as others are told: `dagsterctl, process 12 on my-machine`. At most 63 bytes count; unique. */
  name: string;
  /** Others that share may hold it too. Default: nobody else. */
  shared?: boolean | undefined;
  /** How long a holder that is about to go is waited for (ms). Default 3,000. */
  patienceMs?: number | undefined;
}

export interface DatabaseHold {
  /** Resolves when the connection was lost and somebody else holds it since: end, so that nothing is done twice. */
  taken: Promise<Conflict>;
  release(): Promise<void>;
}

const PAUSE_MS = 250;
/** After a machine that is gone without a word the server looks for this long: 10 s, then three times 5 s. */
const KEEPALIVE =
  "set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";

const HOLDERS = `
  select a.application_name as name from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.classid = $1 and l.objid = $2 and l.objsubid = 2
    and l.database = (select oid from pg_database where datname = current_database())
  order by a.backend_start`;

/** @throws Conflict it is held by another, who is named · Unavailable the server does not answer */
export async function holdDatabase(url: string, options: HoldOptions): Promise<DatabaseHold> {
  const hold = new Hold(url, options);
  await hold.take();
  return hold;
}

class Hold implements DatabaseHold {
  readonly #url: string;
  readonly #name: string;
  readonly #lock: string;
  readonly #patienceMs: number;
  readonly #released = new AbortController();
  readonly #taken = Promise.withResolvers<Conflict>();
  #client: pg.Client | null = null;

  constructor(url: string, { name, shared = false, patienceMs = 3_000 }: HoldOptions) {
    this.#url = url;
    this.#name = Buffer.from(name).subarray(0, 63).toString();
    this.#lock = shared ? "pg_try_advisory_lock_shared" : "pg_try_advisory_lock";
    this.#patienceMs = patienceMs;
  }

  get taken(): Promise<Conflict> {
    return this.#taken.promise;
  }

  async take(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 15_000,
      keepAlive: true,
    });
    const lost = Promise.withResolvers<void>();
    client.on("error", () => lost.resolve());
    client.on("end", () => lost.resolve());
    try {
      await client.connect();
      await client.query("select set_config('application_name', $1, false)", [this.#name]);
      await client.query(KEEPALIVE);
      await this.#lockOn(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw told(describe(this.#url), error);
    }
    this.#client = client;
    if (this.#released.signal.aborted) await client.end().catch(() => undefined);
    void lost.promise.then(() => this.#again());
  }

  async #lockOn(client: pg.Client): Promise<void> {
    const key = [...LOCKS.launcher];
    for (const deadline = Date.now() + this.#patienceMs; ; await sleep(PAUSE_MS)) {
      const { rows } = await client.query<{ held: boolean }>(`select ${this.#lock}($1, $2) as held`, key);
      if (rows[0]?.held) return;
      const holders = (await client.query<{ name: string }>(HOLDERS, key)).rows.map(({ name }) => name);
      // A session of our own that the server has not yet given up is nobody else.
      const others = holders.filter((name) => name !== this.#name);
      if (this.#released.signal.aborted) return;
      if (others.length === 0 || Date.now() < deadline) continue;
      throw new Conflict(
        `The database (${describe(this.#url)}) is in use by ${others.join("; ")}.\n` +
          "Two systems on one database would take over each other's runs: stop that one, or use another database. " +
          "If its machine is gone, the database is free within half a minute.",
      );
    }
  }

  /** The server was away, or cut this session. */
  async #again(): Promise<void> {
    const { signal } = this.#released;
    while (!signal.aborted) {
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        return await this.take();
      } catch (error) {
        // Until the server is back whoever needs it is told by their own statements.
        if (error instanceof Conflict) return this.#taken.resolve(error);
      }
    }
  }

  async release(): Promise<void> {
    this.#released.abort();
    await this.#client?.end().catch(() => undefined);
  }
}
