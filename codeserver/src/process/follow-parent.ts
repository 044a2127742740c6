import { Worker } from "node:worker_threads";

const WATCH = `
const { workerData } = require("node:worker_threads");
setInterval(() => {
  if (process.ppid === workerData.parent) return;
  try { process.kill(workerData.group ? -process.pid : process.pid, "SIGKILL"); } catch { process.kill(process.pid, "SIGKILL"); }
}, 1000);`;

/**
 * Calls `gone` once the parent's IPC channel closes. User code that blocks the event loop would not hear it, so a thread
 * (about 10 MB) also compares the parent's pid every second and kills this process, with its whole process group when `group`
 * is set. The returned function ends the thread; the channel is listened to for good. Without an IPC channel: does nothing.
 */
export function followParent(gone: () => void, options: { group?: boolean } = {}): () => void {
  if (process.send === undefined) return () => {};
  process.once("disconnect", gone);
  const watch = new Worker(WATCH, {
    eval: true,
    workerData: { parent: process.ppid, group: options.group ?? false },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
    execArgv: [],
  });
  watch.unref();
  return () => void watch.terminate();
}
