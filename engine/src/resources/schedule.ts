import { z } from "zod";
import { resource } from "./object.ts";
import { checkTarget, jobRef, target } from "./target.ts";

const cron = z.string().min(1);

export const ScheduleSpec = z
  .strictObject({
    ...target,
    ...jobRef,
    /** Five-field cron, or several. Absent: this is the schedule of that name in the code, and only `suspend` is set. */
    cron: z.union([cron, z.array(cron).min(1)]).optional(),
    /** IANA name, default UTC. */
    timeZone: z.string().min(1).optional(),
    /** A key, or `latest`: the last partition that is complete at the tick. Default for a partitioned target: latest. */
    partitionKey: z.string().min(1).optional(),
    suspend: z.boolean().optional(),
    /** Name in the code where it cannot be a Kubernetes name. Default: this object's name, - and _ taken as one. */
    schedule: z.string().min(1).optional(),
    catchUp: z.strictObject({ maxTicks: z.number().int().nonnegative() }).optional(),
  })
  .superRefine((spec, context) => {
    if (spec.cron !== undefined) return checkTarget(spec, context);
    if (spec.codeLocation === undefined)
      context.addIssue({
        code: "custom",
        message: "a schedule has a cron, or names the codeLocation that defines it",
        path: [],
      });
    for (const field of [
      "job",
      "assetSelection",
      "jobRef",
      "timeZone",
      "runConfig",
      "tags",
      "partitionKey",
      "executor",
      "podTemplate",
      "catchUp",
    ] as const)
      if (spec[field] !== undefined)
        context.addIssue({
          code: "custom",
          message: `without cron this is a schedule of the code, of which only suspend can be set, not ${field}`,
          path: [field],
        });
  });
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;
export const ScheduleResource = resource("Schedule", ScheduleSpec);
