/**
 * A daemon as a process of its own, on a clock that all of one test share: `daemon-process.ts DATABASE_URL EPOCH SPEED`, which
 * began at EPOCH (real ms) and goes SPEED times as fast, so that minutes and leases are over in seconds.
 */
import { systemClock } from "@dagster-operator/engine";
import { openWhenUp } from "@dagster-operator/storage";
import { pino } from "pino";
import { Registry } from "prom-client";
// Not by the door of the workspace: behind it are suites, which only Jest can load.
import { MemoryWorkspace } from "../../engine/src/testing/memory-workspace.ts";
import { startDaemon } from "../src/index.ts";
import { ticking } from "./fixtures/ticking.ts";

const [url = "", epoch = "", speed = ""] = process.argv.slice(2);
const fast = Number(speed);
const { storage } = await openWhenUp(url, { onWait: () => {} });
const workspace = new MemoryWorkspace();
workspace.set("ticking", ticking);
startDaemon({
  storage,
  workspace,
  clock: {
    now: () => Number(epoch) + (Date.now() - Number(epoch)) * fast,
    sleep: (ms, signal) => systemClock.sleep(ms / fast, signal),
  },
  log: pino({ level: "silent" }),
  metrics: new Registry(),
  loops: ["queue", "schedule", "sensor"],
  config: { maxCatchupRuns: 10_000, queue: { maxConcurrentRuns: 5, tagLimits: [] } },
});
process.stdout.write("ready\n");
