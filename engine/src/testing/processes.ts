import { readFileSync } from "node:fs";
import { eventually } from "./manual-clock.ts";

/** Does it run? One that has ended but that nobody has asked after yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // no such process
  }
}

export const processEnded = (pid: number): Promise<boolean> =>
  eventually(`process ${pid} ends`, () => !isAlive(pid));
