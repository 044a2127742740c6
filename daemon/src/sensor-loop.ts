import {
  InvalidInput,
  nextEvaluation,
  type RunRequest,
  runMonitors,
  type SubmitRequest,
  watchedAssets,
} from "@dagster-operator/engine";
import type { SensorDef } from "@dagster-operator/sdk/internal";
import { automationOutcome } from "./automation-tick.ts";
import { type InstigatorLoopOptions, instigatorLoop, type RunningLoop } from "./instigator-loop.ts";
import { runStatusOutcome } from "./run-status-tick.ts";

/** Evaluates each running sensor again when its minimum interval has passed since its last evaluation. */
export function sensorLoop(options: InstigatorLoopOptions): RunningLoop {
  return instigatorLoop<SensorDef>(options, {
    name: "sensor",
    kind: "SENSOR",
    concurrency: options.config.sensorConcurrency,
    definitions: (snapshot) => snapshot.sensors,
    next: (sensor, _place, state, now) => {
      const dueAt = nextEvaluation(sensor, state, now);
      return { dueAt, at: Math.max(dueAt, now) };
    },
    plan: (sensor, { entry, snapshot }, { cursor, lastRunKey, lastTickAt }) => {
      const asked = { cursor, lastRunKey, lastTickTime: lastTickAt };
      const monitors = runMonitors(sensor);
      return {
        light: false,
        target: (request) => targetOf(sensor, request),
        evaluate: async (code, _at, timeoutMs) => {
          const assets = await watchedAssets(options.storage, sensor, cursor);
          return code.evaluateSensor(sensor.name, { ...asked, watched: assets && { assets }, timeoutMs });
        },
        occasion: sensor.kind === "asset" ? (result) => result.cursor : undefined,
        outcome: monitors
          ? runStatusOutcome({ name: sensor.name, location: entry.name, monitors }, asked)
          : sensor.kind === "automation"
            ? automationOutcome(sensor, snapshot, entry, cursor === null)
            : undefined,
      };
    },
  });
}

function targetOf(sensor: SensorDef, request: RunRequest): Pick<SubmitRequest, "job" | "assets"> {
  const { job, assets } = request;
  if (job !== undefined) {
    if (sensor.jobs.length > 0 && !sensor.jobs.includes(job)) {
      throw new InvalidInput(
        `sensor ${sensor.name} requested a run of job ${job}, but its jobs are ${sensor.jobs.join(", ")}: add it to them`,
      );
    }
    return { job, assets };
  }
  const [only] = sensor.jobs;
  if (sensor.jobs.length === 1) return { job: only, assets };
  if (sensor.jobs.length > 1) {
    throw new InvalidInput(
      `sensor ${sensor.name} has the jobs ${sensor.jobs.join(", ")}: its run requests must name one of them`,
    );
  }
  return { assets: assets ?? (sensor.assets.length > 0 ? sensor.assets : undefined) };
}
