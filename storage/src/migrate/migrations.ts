import { readdir, readFile } from "node:fs/promises";

/** Beside src/ and dist/ alike. */
const FOLDER = new URL("../../migrations/", import.meta.url);

export interface Migration {
  version: number;
  /** File name, e.g. `0001_initial.sql`. */
  name: string;
  sql: string;
}

/** All migrations of this version of dagster-operator, ascending, numbered from 1 without gaps. */
export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_[\w-]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(name.slice(0, 4));
      if (version !== index + 1) throw new Error(`migrations/${name} should have number ${index + 1}`);
      return { version, name, sql: await readFile(new URL(name, FOLDER), "utf8") };
    }),
  );
}
