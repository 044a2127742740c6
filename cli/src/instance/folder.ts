/** The storage folder of a local system: what lies where in it, and who holds it. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Conflict, InvalidInput } from "@dagster-operator/engine";

export interface InstanceFolder {
  path: string;
  /** PGlite's data. */
  database: string;
  /** Values of the default IO manager. */
  artifacts: string;
  /** stdout and stderr of steps. */
  computeLogs: string;
  /** Events of run workers that were not yet accepted. */
  spool: string;
  /** Gives the folder free. */
  release(): void;
}

interface Holder {
  pid: number;
  /** Tells a process from a later one of the same pid; null where the system has no /proc. */
  started: string | null;
}

/** Makes the folder where it is missing and holds it for this process. @throws Conflict another process holds it · InvalidInput not writable */
export function holdFolder(path: string): InstanceFolder {
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, ".gitignore"), "*\n");
  } catch (error) {
    throw new InvalidInput(
      `The storage folder ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const lock = join(path, "lock");
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  const draft = join(path, `lock.${process.pid}`);
  writeFileSync(draft, mine);
  try {
    take(lock, draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    path,
    database: join(path, "database"),
    artifacts: join(path, "artifacts"),
    computeLogs: join(path, "logs"),
    spool: join(path, "spool"),
    release: () => {
      if (read(lock) === mine) rmSync(lock, { force: true });
    },
  };
}

/** Linking is atomic and fails where the name is taken, so one of two processes wins, also when both find a dead holder. */
function take(lock: string, draft: string, path: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      linkSync(draft, lock);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const found = read(lock);
    const holder = found === null ? null : parse(found);
    if (holder && alive(holder)) throw inUse(path, holder.pid);
    const aside = `${draft}.stale`;
    try {
      renameSync(lock, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw error;
    }
    // Somebody may have taken it between the look and the move: then it is theirs.
    const moved = read(aside);
    const owner = moved === null || moved === found ? null : parse(moved);
    if (owner && alive(owner)) {
      linkSync(aside, lock);
      rmSync(aside, { force: true });
      throw inUse(path, owner.pid);
    }
    rmSync(aside, { force: true });
  }
  throw new Conflict(
    `The storage folder ${path} could not be locked: other processes start on it at the same time. Try again.`,
  );
}

function inUse(path: string, pid: number): Conflict {
  return new Conflict(
    `The storage folder ${path} is in use by another dagsterctl (process ${pid}).\n` +
      "Use that one, stop it, or name another folder with --storage.",
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === "number" ? { pid: value.pid, started: value.started ?? null } : null;
  } catch {
    // A lock cut short by a crash has no owner.
    return null;
  }
}

/** Whether this very process still runs. */
export function alive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return holder.started === null || startOf(holder.pid) === holder.started;
}

/** Start time of a process in clock ticks since boot, from Linux' /proc; null elsewhere. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie holds nothing any more; it only waits for its parent to look.
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    // No /proc on this system, or the process has just ended: the pid alone decides.
    return null;
  }
}
