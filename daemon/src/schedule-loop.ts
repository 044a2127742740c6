import { dueTicks, nextTick } from "@dagster-operator/engine";
import type { DefinitionsSnapshot, JobDef, ScheduleDef } from "@dagster-operator/sdk/internal";
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

const partitionedJobs = new WeakMap<DefinitionsSnapshot, ReadonlySet<string>>();

/** A job of partitions, or of assets that have them: each of its ticks is another partition. Worked out once a snapshot. */
function isPartitioned(snapshot: DefinitionsSnapshot, name: string): boolean {
  let names = partitionedJobs.get(snapshot);
  if (!names) {
    const idOf = (key: readonly string[]) => JSON.stringify(key);
    const assets = new Set(snapshot.assets.flatMap(({ key, partitions }) => (partitions ? [idOf(key)] : [])));
    const touches = ({ partitions, target }: JobDef) =>
      partitions !== null || (target.kind === "assets" && target.assets.some((key) => assets.has(idOf(key))));
    names = new Set(snapshot.jobs.filter(touches).map((job) => job.name));
    partitionedJobs.set(snapshot, names);
  }
  return names.has(name);
}
