import { type ComputeLog, Conflict } from "@dagster-operator/engine";
import type { Database, Session } from "../database/database.ts";

type Id = Parameters<ComputeLog["read"]>[0];

/** No row is longer, so that reading a part of a long log never fetches much more than that part. */
const MAX_CHUNK = 256 * 1024;

const LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))";
const END = `
  select start + size as "end" from compute_log
  where run_id = $1 and log_key = $2 and stream = $3 order by start desc limit 1`;
const INSERT = `
  insert into compute_log (run_id, log_key, stream, start, size, data)
  values ($1, $2, $3, $4, $5, decode($6, 'base64'))`;
// A chunk that covers `$4` starts at most one chunk's length before it.
const READ = `
  select start, encode(data, 'base64') as data from compute_log
  where run_id = $1 and log_key = $2 and stream = $3 and start > $4::bigint - ${MAX_CHUNK} and start < $4::bigint + $5::bigint
    and start + size > $4::bigint
  order by start`;
const DELETE = "delete from compute_log where run_id = $1";

/** stdout and stderr as rows: any number of processes may write and read. */
export class PostgresComputeLog implements ComputeLog {
  readonly #database: Database;

  /** `database` is migrated, and stays the caller's to close. */
  constructor(database: Database) {
    this.#database = database;
  }

  async append(id: Id, offset: number, data: Uint8Array): Promise<void> {
    await this.#database.transaction(async (session) => {
      // One writer at a time for each stream: the end that is read stays the end until the commit.
      await session.rows(LOCK, [JSON.stringify(key(id))]);
      const end = await endOf(session, id);
      if (offset > end)
        throw new Conflict(
          `log ${id.logKey}.${id.stream} of run ${id.runId} ends at ${end}: send again from there, not from ${offset}`,
        );
      for (let at = end - offset; at < data.length; at += MAX_CHUNK) {
        const chunk = Buffer.from(data.subarray(at, at + MAX_CHUNK));
        await session.rows(INSERT, [...key(id), offset + at, chunk.length, chunk.toString("base64")]);
      }
    });
  }

  async read(id: Id, offset: number, max: number): Promise<{ data: Uint8Array; size: number }> {
    const rows =
      max > 0
        ? await this.#database.rows<{ start: number; data: string }>(READ, [...key(id), offset, max])
        : [];
    const parts = rows.map((row) => {
      const bytes = Buffer.from(row.data, "base64");
      return bytes.subarray(Math.max(0, offset - row.start), offset + max - row.start);
    });
    // Asked afterwards, so that it is never less than what was read.
    return { data: Buffer.concat(parts), size: await endOf(this.#database, id) };
  }

  async delete(runId: string): Promise<void> {
    await this.#database.rows(DELETE, [runId]);
  }
}

function key({ runId, logKey, stream }: Id): [string, string, string] {
  return [runId, logKey, stream];
}

async function endOf(session: Session, id: Id): Promise<number> {
  return (await session.rows<{ end: number }>(END, key(id)))[0]?.end ?? 0;
}
