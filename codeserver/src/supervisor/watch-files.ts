/** Says when one of a set of files is no longer what it was. */
import { existsSync, type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { WatchSet } from "../loader/resolve.ts";

/** Editors write in several steps: act once they have been quiet for this long (ms). */
const QUIET_MS = 100;
const POLL_MS = 1_000;
const CODE = /\.([cm]?[jt]s|json)$/;

export interface FileWatch {
  close(): void;
}

/** True when a file was changed, replaced or removed since it was read, or a missing one appeared. */
function hasChanged(set: WatchSet): boolean {
  if (set.files.some(({ path, mtimeMs }) => statSync(path, { throwIfNoEntry: false })?.mtimeMs !== mtimeMs))
    return true;
  return set.missing.some(
    (path) =>
      existsSync(path) || existsSync(path.replace(/\.([cm]?)js$/, ".$1ts")) || existsSync(`${path}.ts`),
  );
}

/**
 * Calls `changed` after every burst of events in the folders of the set (never the files themselves: editors rename over
 * them). `anyFile`: also for files that are not in the set, because a broken module may be mended by a new file.
 */
export function watchFiles(set: WatchSet, folder: string, anyFile: boolean, changed: () => void): FileWatch {
  const watchers = new Map<string, FSWatcher>();
  let poll: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  const event = (_: string, name: string | null) => {
    if (anyFile && name !== null && CODE.test(name)) dirty = true;
    clearTimeout(timer);
    timer = setTimeout(() => {
      // The folder of a missing file may have come to be: the file may come later.
      watchFolders();
      if (!dirty && !hasChanged(set)) return;
      dirty = false;
      changed();
    }, QUIET_MS);
  };
  const watchFolders = () => {
    const folders = [
      folder,
      ...set.files.map(({ path }) => dirname(path)),
      ...set.missing.map(nearestFolder),
    ];
    for (const path of folders) {
      if (watchers.has(path) || !existsSync(path)) continue;
      try {
        const watcher = watch(path, { persistent: false }, event);
        // A folder that goes away takes its files with it: that is a change like any other.
        watcher.on("error", () => event("rename", null));
        watchers.set(path, watcher);
      } catch {
        // The system has no watches left (inotify's limit): looking every second does the same for the files that are known.
        poll ??= setInterval(() => event("rename", null), POLL_MS).unref();
      }
    }
  };
  watchFolders();
  // What changed between the read and this moment had no watcher yet.
  if (hasChanged(set)) event("rename", null);
  return {
    close: () => {
      clearTimeout(timer);
      clearInterval(poll);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
