import { type CodeLocationRow, Conflict, type LocationStorage } from "@dagster-operator/engine";
import { type Database, NOTIFY_CHANNEL } from "../database/database.ts";
import { json, plain } from "../database/json.ts";

const COLUMNS = `name, namespace, object, uid, generation, state, error, host, port, image,
  definitions_hash as "definitionsHash", template, objects, updated_at as "updatedAt"`;

// json has no equality; the text that was written has, and equal objects are written alike.
const PUT = `
  with written as (
    insert into code_location as old
      (name, namespace, object, uid, generation, state, error, host, port, image, definitions_hash, template, updated_at,
        objects)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    on conflict (name) do update set
      generation = excluded.generation, state = excluded.state, error = excluded.error, host = excluded.host,
      port = excluded.port, image = excluded.image, definitions_hash = excluded.definitions_hash,
      template = excluded.template, updated_at = excluded.updated_at, objects = excluded.objects
    where old.uid = excluded.uid and
      (old.generation, old.state, old.error::text, old.host, old.port, old.image, old.definitions_hash, old.template::text,
        old.objects::text)
      is distinct from
      (excluded.generation, excluded.state, excluded.error::text, excluded.host, excluded.port, excluded.image,
        excluded.definitions_hash, excluded.template::text, excluded.objects::text)
    returning name
  )
  select pg_notify('${NOTIFY_CHANNEL}', 'location:' || name) from written`;

const REMOVE = `
  with removed as (delete from code_location where name = $1 and uid = $2 returning name)
  select pg_notify('${NOTIFY_CHANNEL}', 'location:' || name) from removed`;

type Stored = Omit<CodeLocationRow, "endpoint"> & { host: string | null; port: number | null };

export function locationStorage(database: Database): LocationStorage {
  const get = async (name: string) => {
    const [row] = await database.rows<Stored>(`select ${COLUMNS} from code_location where name = $1`, [name]);
    return row === undefined ? null : record(row);
  };
  return {
    get,
    async list() {
      return (await database.rows<Stored>(`select ${COLUMNS} from code_location order by name`)).map(record);
    },
    async put(row, now) {
      const written = await database.rows(PUT, [
        row.name,
        row.namespace,
        row.object,
        row.uid,
        row.generation,
        row.state,
        row.error === null ? null : json(row.error),
        row.endpoint?.host ?? null,
        row.endpoint?.port ?? null,
        row.image === null ? null : plain(row.image),
        row.definitionsHash,
        json(row.template),
        now,
        row.objects === null ? null : json(row.objects),
      ]);
      if (written.length > 0) return true;
      const there = await get(row.name);
      if (there !== null && there.uid !== row.uid)
        throw new Conflict(
          `code location ${row.name} is taken by CodeLocation ${there.namespace}/${there.object}; give one of the two another name`,
        );
      return false;
    },
    async remove(name, uid) {
      return (await database.rows(REMOVE, [name, uid])).length > 0;
    },
  };
}

function record({ host, port, ...row }: Stored): CodeLocationRow {
  return { ...row, endpoint: host === null || port === null ? null : { host, port } };
}
