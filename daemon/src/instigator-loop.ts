import { setTimeout as pause } from "node:timers/promises";
import type { Clock, InstigatorKind, InstigatorState, LocationEntry } from "@dagster-operator/engine";
import { isRunning } from "@dagster-operator/engine";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import type { DaemonConfig } from "./config.ts";
import { Lanes, type Work } from "./lanes.ts";
import { Loop } from "./loop.ts";
import { runTick, type TickDeps, type TickPlan } from "./run-tick.ts";

export interface InstigatorLoopOptions extends TickDeps {
  clock: Clock;
  config: DaemonConfig;
}

interface Definition {
  name: string;
  defaultStatus: "RUNNING" | "STOPPED";
}

/** Where a definition was found; `code` is null while its location cannot serve. */
export interface Place {
  entry: LocationEntry;
  snapshot: DefinitionsSnapshot;
}

/** What schedules and sensors differ in. */
export interface InstigatorFamily<D extends Definition> {
  name: "schedule" | "sensor";
  kind: InstigatorKind;
  concurrency: number;
  definitions: (snapshot: DefinitionsSnapshot) => D[];
  /** When it is due next (ms), maybe in the past; `at` names the tick. null = never. */
  next: (
    definition: D,
    place: Place,
    state: InstigatorState,
    now: number,
  ) => { dueAt: number; at: number } | null;
  plan: (
    definition: D,
    place: Place,
    state: InstigatorState,
  ) => Pick<TickPlan, "light" | "evaluate" | "target" | "occasion" | "outcome">;
}

/** It looks again after this long even if nothing is due: definitions and clocks change. */
const MAX_SLEEP_MS = 30_000;

/** Looking is work that grows with the number of instigators: it has a fifth of the time, however often it is woken. */
const REST = 4;
/** A storage that is slow to answer does not make it rest longer. */
const MAX_REST_MS = 500;

export interface RunningLoop {
  loop: Loop;
  /** The daemon closes: a long round ends early. */
  interrupt?: () => void;
  /** No more wake-ups; resolves when ticks under way have ended. */
  stop: () => Promise<void>;
}

/** Evaluates what is due, of all locations: each instigator one tick at a time, several instigators side by side. */
export function instigatorLoop<D extends Definition>(
  options: InstigatorLoopOptions,
  family: InstigatorFamily<D>,
): RunningLoop {
  const { storage, workspace, clock, log, metrics } = options;
  const onFault = () => metrics.faults.inc({ loop: family.name });
  const lanes = new Lanes(clock, family.concurrency, () => loop.wake());

  const iterate = async (): Promise<number> => {
    const began = performance.now();
    const wakeAt = await look();
    // Of the machine, so not of the clock that tells what is due.
    await pause(Math.min(MAX_REST_MS, REST * (performance.now() - began)));
    // Bounded again, because the clock may have been set back meanwhile.
    return Math.min(MAX_SLEEP_MS, Math.max(0, wakeAt - clock.now()));
  };

  /** Offers what is due to the lanes. Returns when the next one will be (ms). */
  const look = async (): Promise<number> => {
    lanes.look();
    const now = clock.now();
    let wakeAt = now + MAX_SLEEP_MS;
    const due: (Work & { dueAt: number })[] = [];
    for (const { definition, place, state } of await runningOnes(options, family, now)) {
      const next = family.next(definition, place, state, now);
      if (!next) continue;
      const key = `${state.location} ${state.name}`;
      const dueAt = Math.max(next.dueAt, lanes.retryAt(key));
      if (dueAt > now) {
        wakeAt = Math.min(wakeAt, dueAt);
        continue;
      }
      const { code } = place.entry;
      // A location that is away keeps its ticks due, and wakes this loop when it is back. A lane that ends wakes it too.
      if (place.entry.state !== "LOADED" || !code || !lanes.isFree(key)) continue;
      const id = { kind: family.kind, location: state.location, name: state.name };
      const plan: TickPlan = { id, state, ...next, code, ...family.plan(definition, place, state) };
      due.push({
        key,
        dueAt,
        light: plan.light,
        run: (next) => runTick(options, plan, next),
        onFault: (error) => {
          onFault();
          log.error({ err: error, ...id }, `the tick of ${id.name} could not be recorded and is tried again`);
        },
      });
    }
    lanes.offer(due.sort((a, b) => a.dueAt - b.dueAt));
    return wakeAt;
  };

  const loop = new Loop({ name: family.name, clock, log, iterate, onFault });
  const unsubscribe = [
    storage.subscribe("tick", () => loop.wake()),
    workspace.subscribe(() => {
      lanes.forgive();
      loop.wake();
    }),
  ];
  const stop = async () => {
    for (const each of unsubscribe) each();
    await lanes.settle();
  };
  return { loop, stop };
}

/** Definitions that are switched on, with their state; remembers since when for those seen for the first time. */
async function runningOnes<D extends Definition>(
  { storage, workspace }: InstigatorLoopOptions,
  family: InstigatorFamily<D>,
  now: number,
): Promise<{ definition: D; place: Place; state: InstigatorState }[]> {
  const states = new Map<string, InstigatorState>();
  for (const state of await storage.ticks.states()) {
    if (state.kind === family.kind) states.set(JSON.stringify([state.location, state.name]), state);
  }
  const running: { definition: D; place: Place; state: InstigatorState }[] = [];
  const fresh: InstigatorState[] = [];
  for (const entry of workspace.list()) {
    if (!entry.snapshot) continue;
    for (const definition of family.definitions(entry.snapshot)) {
      const known = states.get(JSON.stringify([entry.name, definition.name]));
      if (!isRunning(definition, known)) continue;
      const state =
        known?.since != null ? known : firstSeen(family.kind, entry.name, definition.name, known, now);
      if (state !== known) fresh.push(state);
      running.push({ definition, place: { entry, snapshot: entry.snapshot }, state });
    }
  }
  await storage.ticks.ensure(fresh, now);
  return running;
}

function firstSeen(
  kind: InstigatorKind,
  location: string,
  name: string,
  known: InstigatorState | undefined,
  now: number,
): InstigatorState {
  const state = known ?? {
    kind,
    location,
    name,
    status: null,
    cursor: null,
    lastTickAt: null,
    lastRunKey: null,
  };
  return { ...state, since: now };
}
