import { cpSync, existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PGlite } from "@electric-sql/pglite";
import type { Database } from "./database.ts";
import { lockFolder } from "./folder-lock.ts";
import { pgliteDatabase } from "./pglite.ts";
import { template } from "./pglite-template.ts";

// PGlite's own are made for a server: 160 MB of buffers and a hundred connections in a process that has one.
const SETTINGS = {
  shared_buffers: "16MB",
  wal_buffers: "256kB",
  maintenance_work_mem: "16MB",
  max_connections: "4",
  min_wal_size: "32MB",
  max_wal_size: "128MB",
};

// Optimizing the hot functions of a whole Postgres takes V8 2 s of CPU and 600 MB in the first seconds, which a local system
// never earns back: without it small batches of events are cheaper too, and only long bulk work is slower (by 40 %).
const BASELINE_ONLY = ["--no-wasm-dynamic-tiering", "--no-wasm-tier-up"];

export function openPGlite(dir: string): Promise<PGlite> {
  for (const flag of BASELINE_ONLY) setFlagsFromString(flag);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return PGlite.create(dir, { startParams: [...PGlite.defaultStartParams, ...settings] });
}

/** The embedded database of a folder, held by this process alone; made from the template where there is none yet. */
export async function openFolder(folder: string): Promise<Database> {
  const unlock = await lockFolder(folder);
  try {
    const data = join(folder, "pglite");
    if (!existsSync(data)) await create(data);
    return await pgliteDatabase(await openPGlite(data), unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** An embedded database in a folder of its own, gone on close and on exit. */
export async function openTemporary(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), "dagster-operator-memory-"));
  const onExit = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", onExit);
  const data = join(folder, "pglite");
  await create(data);
  return pgliteDatabase(await openPGlite(data), async () => {
    process.off("exit", onExit);
    await rm(folder, { recursive: true, force: true });
  });
}

/** It appears whole or not at all, so a start that is killed half-way is simply repeated. */
async function create(data: string): Promise<void> {
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  const from = await template();
  // A thousand small files: the asynchronous copy takes twice the CPU, and nothing can be answered before this anyway.
  if (from) cpSync(from, draft, { recursive: true });
  else {
    await mkdir(draft, { recursive: true });
    await (await openPGlite(draft)).close();
  }
  await rename(draft, data);
}
