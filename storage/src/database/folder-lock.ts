import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Conflict } from "@dagster-operator/engine";
import { codeOf } from "./errors.ts";

interface Owner {
  pid: number;
  host: string;
  /** When the process started, as /proc tells it; tells a reused pid from the one that was. Empty where there is no /proc. */
  started: string;
}

const FILE = "dagster-operator.lock";
const BEAT_MS = 5000;
/** How long processes that start at once may be in each other's way. */
const PATIENCE_MS = 60_000;
const held = new Set<string>();

/**
 * Holds a storage folder for this process until the returned function is called. A lock whose process is gone is taken over.
 * @throws Conflict another live process has it; names the folder and the pid
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, FILE);
  const own = JSON.stringify(await self());
  if (held.has(path)) throw inUse(folder, process.pid);
  held.add(path);
  try {
    await take(folder, path, own);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  // Where the pid says nothing (another host on a shared disk), a fresh file does.
  const beat = setInterval(() => {
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    held.delete(path);
    if ((await readFile(path, "utf8").catch(() => "")) === own) await rm(path, { force: true });
  };
}

async function take(folder: string, path: string, own: string): Promise<void> {
  // The file appears with its content, by a link, so nobody reads half of it.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, own);
  try {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; ) {
      if (await linked(draft, path)) return;
      const text = await readFile(path, "utf8").catch(() => null);
      if (text === null) continue;
      const owner = parse(text);
      if (owner && (await isAlive(owner, path))) throw inUse(folder, owner.pid);
      await removeStale(path, text);
    }
    throw new Conflict(
      `storage folder ${folder}: its lock changes hands all the time; start one process at a time`,
    );
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** One at a time, and only the very lock that was found stale: never the one that a faster process has put in its place. */
async function removeStale(path: string, text: string): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await mkdir(guard);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const since = (await stat(guard).catch(() => null))?.mtimeMs;
    if (since !== undefined && Date.now() - since > BEAT_MS)
      await rm(guard, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return;
  }
  try {
    if ((await readFile(path, "utf8").catch(() => null)) === text) await rm(path, { force: true });
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}

async function isAlive(owner: Owner, path: string): Promise<boolean> {
  if (owner.host !== hostname()) {
    const touched = (await stat(path).catch(() => null))?.mtimeMs ?? 0;
    return Date.now() - touched < 4 * BEAT_MS;
  }
  // This process does not hold it (see `held`), so a process before it had the same pid, as in a container.
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return owner.started === "" || owner.started === (await startOf(owner.pid));
}

async function self(): Promise<Owner> {
  return { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
}

async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // Field 22, counted behind the command's name, which may hold spaces.
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function parse(text: string): Owner | null {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Owner>;
    return typeof pid === "number" && typeof host === "string" ? { pid, host, started: started ?? "" } : null;
  } catch {
    // Not a lock of ours: nobody can hold it.
    return null;
  }
}

function inUse(folder: string, pid: number): Conflict {
  return new Conflict(
    `storage folder ${folder} is in use by process ${pid}: stop that process, or choose another folder with --storage`,
  );
}
