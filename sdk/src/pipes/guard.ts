/** Ends a process group when this process is gone, however it went: a killed step worker can no longer do it itself. */
import { spawn } from "node:child_process";

/** Waits for a word from us. The end of its input without one means that we are gone. */
const SCRIPT = `
  read -r word && exit 0
  kill -s TERM -- "-$1" 2>/dev/null
  left=$2
  while [ "$left" -gt 0 ] && kill -s 0 -- "-$1" 2>/dev/null; do sleep 1; left=$((left - 1)); done
  kill -s KILL -- "-$1" 2>/dev/null
  rm -rf -- "$3"`;

export interface Guard {
  /** The group has ended, or its end is in our own hands. */
  release(): void;
}

/**
 * @param group id of the process group
 * @param killAfterSeconds from SIGTERM to SIGKILL
 * @param folder is removed after that
 */
export function guardGroup(group: number, killAfterSeconds: number, folder: string): Guard {
  const args = ["-c", SCRIPT, "sh", String(group), String(Math.ceil(killAfterSeconds)), folder];
  const watcher = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // An image without a shell goes without a guard; there the command goes with its container.
  watcher.on("error", () => undefined);
  watcher.stdin.on("error", () => undefined);
  watcher.unref();
  return { release: () => watcher.stdin.end("done\n") };
}
