/**
 * Brings the database of DAGSTER_OPERATOR_DATABASE_URL (password: there, or PGPASSWORD) to this version and ends.
 * Waits for a server that is not up yet, at most `--wait` seconds (default 120).
 * Exit 0: done. 1: the server did not answer in time, or a migration failed. 2: wrong flags, or the database is newer.
 */
import { parseArgs } from "node:util";
import { InvalidInput } from "@dagster-operator/engine";
import { openWhenUp } from "../open-when-up.ts";

function log(message: string, more: Record<string, unknown> = {}): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...more }));
}

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { wait: { type: "string", default: "120" } } });
  const url = process.env.DAGSTER_OPERATOR_DATABASE_URL;
  if (!url)
    throw new InvalidInput("DAGSTER_OPERATOR_DATABASE_URL is not set: name the database, postgres://…");
  if (!/^\d+$/.test(values.wait)) throw new InvalidInput(`--wait ${values.wait} is no number of seconds`);
  const { storage } = await openWhenUp(url, {
    connections: 1,
    patienceMs: Number(values.wait) * 1000,
    onWait: ({ message }) => log("waiting for the database", { error: message }),
  });
  await storage.close();
  log("the database is at this version");
}

try {
  await run();
} catch (error) {
  log("the database was not migrated", { error: error instanceof Error ? error.message : String(error) });
  process.exitCode = error instanceof InvalidInput ? 2 : 1;
}
