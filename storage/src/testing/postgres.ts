import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openStorage } from "../open-storage.ts";
import { removeAfter, startPostgres } from "./postgres-server.ts";

export interface TestDatabase {
  /** `postgres://…` of a database of its own: migrated and empty, or quite empty with `migrated: false`. */
  url: string;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

const TEMPLATE = "template_storage";

/**
 * A fresh database on a real Postgres. One private server serves all test files of one Jest run, started by the first that
 * asks and removed when that run's process is gone.
 */
export async function withPostgres(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const admin = await server();
  const name = `t_${randomUUID().replaceAll("-", "")}`;
  const template = options.migrated === false ? "template0" : TEMPLATE;
  await execute(admin, `create database ${name} template ${template}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(admin, `drop database if exists ${name} with (force)`),
  };
}

/** URL of the shared server's database `postgres`. */
async function server(): Promise<string> {
  // A Jest worker is a child of the run's process; without workers, tests run in that process itself.
  const owner = process.env.JEST_WORKER_ID && process.send ? process.ppid : process.pid;
  const dir = join(tmpdir(), `dagster-operator-test-${owner}`);
  const file = join(dir, "url");
  for (;;) {
    const known = await readFile(file, "utf8").catch(() => null);
    if (known) return known;
    try {
      await mkdir(dir, { mode: 0o755 });
    } catch {
      // Another test file is starting it: the folder is there, the url comes when it answers.
      const since = (await stat(dir).catch(() => null))?.mtimeMs ?? Date.now();
      // It may have to install Postgres first.
      if (Date.now() - since > 500_000)
        throw new Error(`${dir}: the test server was not up after eight minutes`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    return start(dir, file, owner);
  }
}

async function start(dir: string, file: string, owner: number): Promise<string> {
  try {
    const server = await startPostgres({ dir });
    removeAfter(server, owner);
    const admin = server.url("postgres");
    await execute(admin, `create database ${TEMPLATE}`);
    await (await openStorage(server.url(TEMPLATE))).close();
    await writeFile(`${file}.new`, admin);
    await rename(`${file}.new`, file);
    return admin;
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
