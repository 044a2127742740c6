/** Ends a process group when this process is gone, however it went: a killed step worker can no longer do it itself. */
import { spawn } from "node:child_process";

/** Is told the group, then waits for a word from us. The end of its input without one means that we are gone. */
const SCRIPT = `
  read -r group || exit 0
  read -r word && exit 0
  kill -s TERM -- "-$group" 2>/dev/null
  left=$1
  while [ "$left" -gt 0 ] && kill -s 0 -- "-$group" 2>/dev/null; do sleep 1; left=$((left - 1)); done
  kill -s KILL -- "-$group" 2>/dev/null
  rm -rf -- "$2"`;

export interface Guard {
  /** From now on this process group (its id) is guarded. */
  watch(group: number): void;
  /** The group has ended, or its end is in our own hands. */
  release(): void;
}

/**
 * Start it before the command: what takes time must not come between the command's start and `watch`.
 * @param killAfterSeconds from SIGTERM to SIGKILL
 * @param folder is removed after that
 */
export function startGuard(killAfterSeconds: number, folder: string): Guard {
  const args = ["-c", SCRIPT, "sh", String(Math.ceil(killAfterSeconds)), folder];
  const watcher = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // An image without a shell goes without a guard; there the command goes with its container.
  watcher.on("error", () => undefined);
  watcher.stdin.on("error", () => undefined);
  watcher.unref();
  return {
    watch: (group) => void watcher.stdin.write(`${group}\n`),
    release: () => watcher.stdin.end("done\ndone\n"),
  };
}
