/**
 * Gives memory back when the system is quiet. V8 lets the young generation grow to tens of megabytes while things start, and
 * shrinks it at a full collection alone, which a process that does nothing never makes.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 2_000;
/** Share of the time between two looks that counts as work: a pause of 50 ms would be felt. */
const BUSY = 0.1;
/** Less than this is not worth a collection (bytes). */
const WORTH = 16 * 1024 * 1024;

/** Looks every two seconds and never keeps the process alive. Returns the way to stop it. */
export function trimWhenIdle(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: object) => void;
  // A plain collection leaves the young generation as large as it is when things were allocated a moment ago.
  const collect = () => gc({ type: "major", execution: "sync", flavor: "last-resort" });
  let kept = 0;
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if ((user + system) / 1000 > LOOK_MS * BUSY) return;
    const { heapTotal } = process.memoryUsage();
    if (heapTotal - kept < WORTH) return;
    collect();
    kept = process.memoryUsage().heapTotal;
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
