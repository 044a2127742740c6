import { InvalidInput, nextEvaluation, type RunRequest, type SubmitRequest } from "@dagster-operator/engine";
import type { SensorDef } from "@dagster-operator/sdk/internal";
import { type InstigatorLoopOptions, instigatorLoop, type RunningLoop } from "./instigator-loop.ts";

/** Evaluates each running sensor again when its minimum interval has passed since its last evaluation. */
export function sensorLoop(options: InstigatorLoopOptions): RunningLoop {
  return instigatorLoop<SensorDef>(options, {
    name: "sensor",
    kind: "SENSOR",
    concurrency: options.config.sensorConcurrency,
    definitions: (snapshot) => snapshot.sensors,
    next: (sensor, _place, state, now) => {
      const dueAt = Math.max(nextEvaluation(sensor, state.lastTickAt), state.since ?? now);
      return { dueAt, at: Math.max(dueAt, now) };
    },
    plan: (sensor, _place, { cursor, lastRunKey, lastTickAt }) => ({
      target: (request) => targetOf(sensor, request),
      evaluate: (code, _at, timeoutMs) =>
        code.evaluateSensor(sensor.name, { cursor, lastRunKey, lastTickTime: lastTickAt, timeoutMs }),
    }),
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
