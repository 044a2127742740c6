import type { InstigatorId, Storage, Tick } from "@dagster-operator/engine";
import { eventually, ManualClock, MemoryWorkspace } from "@dagster-operator/engine/testing";
import { Definitions, job, op, schedule, z } from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { type Daemon, type DaemonOptions, startDaemon } from "../src/index.ts";

export const log = pino({ level: "silent" });
export const NOON = Date.parse("2026-03-10T12:00:00Z");
const idle = op("idle", () => 1);
export const work = job("work", () => void idle());
const factor = op("factor", { config: z.object({ n: z.number() }) }, () => 1);
export const configured = job("configured", () => void factor());

/** Storage, clock, workspace and daemons of one test; each test has a location of its own, so they may share a database. */
class World {
  readonly clock = new ManualClock(NOON);
  readonly workspace = new MemoryWorkspace();
  readonly registry = new Registry();
  readonly daemons: Daemon[] = [];
  readonly storage: Storage;
  readonly location: string;

  constructor(storage: Storage, location: string) {
    this.storage = storage;
    this.location = location;
  }

  start(over: Partial<DaemonOptions> = {}): Daemon {
    const { storage, workspace, clock, registry } = this;
    const daemon = startDaemon({
      storage,
      workspace,
      clock,
      log,
      metrics: registry,
      loops: ["schedule", "sensor"],
      ...over,
    });
    this.daemons.push(daemon);
    return daemon;
  }

  serve(definitions: ConstructorParameters<typeof Definitions>[0]): void {
    this.workspace.set(this.location, new Definitions(definitions));
  }

  id(kind: InstigatorId["kind"], name: string): InstigatorId {
    return { kind, location: this.location, name };
  }

  /** Closed ticks, oldest first, once there are this many. */
  ticks(kind: InstigatorId["kind"], name: string, count: number): Promise<Tick[]> {
    return eventually(`${name} has ${count} ticks`, async () => {
      const ticks = await this.storage.ticks.ticks(this.id(kind, name), { limit: 100 });
      const closed = ticks.filter(({ status }) => status !== "STARTED").reverse();
      return closed.length >= count ? closed : null;
    });
  }

  runs() {
    return this.storage.runs.list({ location: this.location }, { limit: 1000, ascending: true });
  }

  /** Resolves when every loop has gone round once more. */
  async settled(daemon: Daemon): Promise<void> {
    const before = this.clock.now();
    await eventually("the loops look again", () =>
      daemon.health().every(({ lastIterationAt }) => lastIterationAt !== null && lastIterationAt >= before),
    );
  }

  async close(): Promise<void> {
    for (const daemon of this.daemons) await daemon.close();
  }
}

/** In memory, for the test file. */
export let storage: Storage;
/** Of the test that runs; closed after it. */
export let world: World;
let count = 0;
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterEach(() => world.close());
afterAll(() => storage.close());
export const fresh = (on = storage, location = `location${++count}`): World => {
  world = new World(on, location);
  return world;
};
export const hourly = (over: object = {}) =>
  schedule("hourly", { job: work, cron: "0 * * * *", defaultStatus: "RUNNING", ...over });
