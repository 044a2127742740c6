/** A Postgres of its own whose commits are on disk, as installed. */
import { startPostgres } from "@dagster-operator/storage/testing";
import pg from "pg";

/** Gives `use` a way to make databases by name, empty and without tables; resolves to what `use` does, and the server is gone. */
export async function onDurablePostgres<T>(
  use: (database: (name: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const server = await startPostgres({ durable: true });
  try {
    return await use(async (name) => {
      await onDatabase(server.url("postgres"), (admin) => admin.query(`create database ${name}`));
      return server.url(name);
    });
  } finally {
    await server.remove();
  }
}

/** A connection for as long as `use` takes. */
export async function onDatabase<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
