import { type Clock, HEARTBEAT_MS, type Heartbeats } from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { LoopHealth } from "./loop.ts";

export interface HeartbeatOptions {
  heartbeats: Heartbeats;
  clock: Clock;
  log: Logger;
  owner: string;
  health: () => (LoopHealth & { type: string })[];
  signal: AbortSignal;
}

/** A loop that is so late for its next iteration is stuck, and beats no more. */
const STUCK_MS = 300_000;
const FIRST_MS = 500;

/** Writes which loops live, until `signal` aborts. Never rejects. */
export async function keepBeating(options: HeartbeatOptions): Promise<void> {
  const { heartbeats, clock, log, owner, health, signal } = options;
  while (!signal.aborted) {
    const now = clock.now();
    const loops = health();
    const alive = loops.filter(({ dueAt }) => dueAt !== null && dueAt > now - STUCK_MS);
    const beats = alive.map(({ type, error }) => ({
      type,
      error: error && { name: "LoopError", message: error.message },
    }));
    await heartbeats
      .beat(owner, beats, now)
      .catch((err: unknown) => log.warn({ err }, "the daemon could not say that it lives"));
    const started = loops.every(({ lastIterationAt, error }) => lastIterationAt !== null || error !== null);
    await clock.sleep(started ? HEARTBEAT_MS : FIRST_MS, signal);
  }
}
