/**
 * Making an embedded database from nothing takes 3 s and leaves the process with half a gigabyte; copying one takes 0.2 s.
 * So the first is made by a child process, in the user's cache folder, and copied from then on. Without a cache
 * folder that can be written everything works, slower.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readMigrations } from "../migrate/migrations.ts";

const run = promisify(execFile);

/** Folder of an embedded database with all migrations of this version; null where none can be kept. */
export async function template(): Promise<string | null> {
  const path = join(cacheFolder(), `pglite-${await fingerprint()}`);
  if (existsSync(path)) return path;
  const draft = `${path}.${process.pid}`;
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await build(draft);
    await rename(draft, path).catch((error) => {
      // Another process was faster; theirs is the same.
      if (!existsSync(path)) throw error;
    });
    return path;
  } catch (error) {
    process.emitWarning(
      `no database template in ${cacheFolder()}, so the embedded database is made from nothing: ${error}`,
    );
    return null;
  } finally {
    // Where the folder itself is no folder there is nothing to remove either.
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function build(folder: string): Promise<void> {
  const fromSource = import.meta.url.endsWith(".ts");
  const script = new URL(fromSource ? "./build-template.ts" : "./build-template.js", import.meta.url);
  const conditions = fromSource ? ["--conditions=source"] : [];
  // No options of this process: a debugger's port or Jest's loader are not for the child.
  const { NODE_OPTIONS: _, ...env } = process.env;
  await run(process.execPath, ["--no-warnings", ...conditions, fileURLToPath(script), folder], { env });
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dagster-operator");
}

/** Of everything that the template is made from. */
async function fingerprint(): Promise<string> {
  const manifest = new URL("../package.json", import.meta.resolve("@electric-sql/pglite"));
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  const hash = createHash("sha256").update(version);
  for (const { name, sql } of await readMigrations()) hash.update(`\0${name}\0${sql}`);
  return `${version}-${hash.digest("hex").slice(0, 12)}`;
}
