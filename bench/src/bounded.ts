/** Processes with a bounded share of a processor, as pods with a CPU limit have it: a control group of Linux, version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Short, so that who is held up in the middle of something holds nobody else for long. */
const PERIOD_US = 10_000;

export interface Bounded {
  /** A process of this group from now on. */
  add(pid: number): void;
  /** Of the periods in which it ran: how many used up the share, from 0 to 1. */
  usedUp(): number;
  /** Once its processes have ended. */
  remove(): Promise<void>;
}

/** A group with this share of one core. null = control groups cannot be made here. */
export function bounded(name: string, share: number): Bounded | null {
  const old = existsSync("/sys/fs/cgroup/cpu/cpu.shares");
  const folder = `/sys/fs/cgroup/${old ? "cpu/" : ""}dagster-bench-${process.pid}-${name}`;
  const quota = Math.round(PERIOD_US * share);
  try {
    mkdirSync(folder);
    if (old) {
      writeFileSync(`${folder}/cpu.cfs_period_us`, String(PERIOD_US));
      writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quota));
    } else writeFileSync(`${folder}/cpu.max`, `${quota} ${PERIOD_US}`);
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return null;
  }
  const stat = (key: string) =>
    Number(new RegExp(`^${key} (\\d+)`, "m").exec(readFileSync(`${folder}/cpu.stat`, "utf8"))?.[1]);
  return {
    add: (pid) => writeFileSync(`${folder}/cgroup.procs`, String(pid)),
    usedUp: () => stat("nr_throttled") / stat("nr_periods"),
    async remove() {
      for (let tries = 0; tries < 50; tries++)
        try {
          return rmdirSync(folder);
        } catch {
          // The kernel takes a moment to let the last process go.
          await sleep(100);
        }
    },
  };
}
