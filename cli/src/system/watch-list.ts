/** Says when files or folders are no longer what they were. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_FILE } from "../manifests/read.ts";

/** How often they are looked at (ms): a few calls of stat, which also work on network drives and mounted volumes. */
const EVERY_MS = 250;

/** Calls `changed` once what `paths` names is another and has been quiet for a look. Returns the end of it. */
export function watchList(paths: () => readonly string[], changed: () => void): () => void {
  let known = paths().map(stateOf).join("\n");
  let last = known;
  const timer = setInterval(() => {
    const now = paths().map(stateOf).join("\n");
    // Editors write in several steps: a file that still changes is not read yet.
    if (now === last && now !== known) {
      known = now;
      changed();
    }
    last = now;
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return `${path} -`;
  if (!stat.isDirectory()) return `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs}`;
  let names: string[];
  try {
    names = readdirSync(path);
  } catch {
    // Removed since, or not ours to read: whoever reads it says so.
    return `${path} -`;
  }
  return names
    .filter((name) => MANIFEST_FILE.test(name))
    .sort()
    .map((name) => stateOf(join(path, name)))
    .join("\n");
}
