import { z } from "zod";
import { resource } from "./object.ts";
import { rules } from "./rule.ts";
import { checkTarget, target, targetRules } from "./target.ts";

export const JobSpec = z
  .strictObject({
    ...target,
    description: z.string().optional().describe("What the job is for; the page shows it."),
    partitionKey: z.string().min(1).optional().describe("Partition of a run that names none."),
  })
  .superRefine(checkTarget)
  .meta(rules(targetRules({ jobRef: false })));
export type JobSpec = z.infer<typeof JobSpec>;
export const JobResource = resource("Job", JobSpec);
