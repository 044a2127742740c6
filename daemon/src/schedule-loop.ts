import { dueTicks, nextTick } from "@dagster-operator/engine";
import type { DefinitionsSnapshot, ScheduleDef } from "@dagster-operator/sdk/internal";
import { type InstigatorLoopOptions, instigatorLoop, type RunningLoop } from "./instigator-loop.ts";

/** Evaluates each running schedule at its times, in their order, and makes up for what was missed while nobody was there. */
export function scheduleLoop(options: InstigatorLoopOptions): RunningLoop {
  const { config } = options;
  return instigatorLoop<ScheduleDef>(options, {
    name: "schedule",
    kind: "SCHEDULE",
    concurrency: config.scheduleConcurrency,
    definitions: (snapshot) => snapshot.schedules,
    next: (schedule, { snapshot }, state, now) => {
      const partitioned = isPartitioned(snapshot, schedule.job);
      const [due] = dueTicks(schedule, state, now, { partitioned, maxCatchup: config.maxCatchupRuns });
      const at = due ?? nextTick(schedule, now);
      return at === null ? null : { dueAt: at, at };
    },
    plan: (schedule, { snapshot }, _state) => {
      // Only user code knows which partition a time stands for.
      const light = !schedule.evaluates && !isPartitioned(snapshot, schedule.job);
      return {
        light,
        target: (request) => ({
          job: request.job ?? schedule.job,
          assets: request.assets,
          tags: { ...schedule.tags, ...request.tags },
        }),
        evaluate: async (code, at, timeoutMs) => {
          if (light) return { runRequests: [{ runConfig: schedule.runConfig }], logs: [] };
          return code.evaluateSchedule(schedule.name, { scheduledTime: at, timeoutMs });
        },
      };
    },
  });
}

/** A job of partitions, or of assets that have them: each of its ticks is another partition. */
function isPartitioned(snapshot: DefinitionsSnapshot, name: string): boolean {
  const job = snapshot.jobs.find((candidate) => candidate.name === name);
  if (!job) return false;
  if (job.partitions) return true;
  if (job.target.kind !== "assets") return false;
  const keys = new Set(job.target.assets.map((key) => JSON.stringify(key)));
  return snapshot.assets.some((asset) => asset.partitions !== null && keys.has(JSON.stringify(asset.key)));
}
