import { z } from "zod";
import { resource } from "./object.ts";
import { rules } from "./rule.ts";
import { checkTarget, jobRef, target, targetRules } from "./target.ts";

const cron = z.string().min(1);
/** What only a schedule with a cron of its own can have. */
const OWN = [
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
] as const;
const NO_LOCATION = "a schedule has a cron, or names the codeLocation that defines it";
const BOTH = "cron and crons exclude each other";
const notOwn = (field: string) =>
  `without cron this is a schedule of the code, of which only suspend can be set, not ${field}`;

export const ScheduleSpec = z
  .strictObject({
    ...target,
    ...jobRef,
    cron: cron
      .optional()
      .describe(
        "Five-field cron. Without cron and crons this is the schedule of that name in the code, and only suspend is set.",
      ),
    crons: z.array(cron).min(1).optional().describe("Several crons: a tick whenever one of them is due."),
    timeZone: z.string().min(1).optional().describe("IANA name, default UTC."),
    partitionKey: z
      .string()
      .min(1)
      .optional()
      .describe(
        "A key, or `latest`: the last partition that is complete at the tick. Default for a partitioned target: latest.",
      ),
    suspend: z.boolean().optional().describe("Stops it. Default: what the code says; false with a cron."),
    schedule: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Name in the code where it cannot be a Kubernetes name. Default: this object's name, - and _ taken as one.",
      ),
    catchUp: z
      .strictObject({
        maxTicks: z.number().int().nonnegative().describe("Ticks at most, the newest; 0 = none."),
      })
      .optional()
      .describe("What to do about ticks that were missed while nothing ran."),
  })
  .superRefine((spec, context) => {
    const issue = (message: string, path: string[] = []) =>
      context.addIssue({ code: "custom", message, path });
    if (spec.cron !== undefined && spec.crons !== undefined) issue(BOTH, ["crons"]);
    if (spec.cron !== undefined || spec.crons !== undefined) return checkTarget(spec, context);
    if (spec.codeLocation === undefined) issue(NO_LOCATION);
    for (const field of OWN) if (spec[field] !== undefined) issue(notOwn(field), [field]);
  })
  .meta(
    rules([
      { rule: "!(has(self.cron) && has(self.crons))", message: BOTH },
      ...targetRules({ jobRef: true, when: "has(self.cron) || has(self.crons)" }),
      { rule: "has(self.cron) || has(self.crons) || has(self.codeLocation)", message: NO_LOCATION },
      ...OWN.map((field) => ({
        rule: `has(self.cron) || has(self.crons) || !has(self.${field})`,
        message: notOwn(field),
      })),
    ]),
  );
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;
export const ScheduleResource = resource("Schedule", ScheduleSpec);
