import { z } from "zod";
import { resource } from "./object.ts";
import { checkTarget, target } from "./target.ts";

export const JobSpec = z
  .strictObject({
    ...target,
    description: z.string().optional(),
    /** Partition of a run that names none. */
    partitionKey: z.string().min(1).optional(),
  })
  .superRefine(checkTarget);
export type JobSpec = z.infer<typeof JobSpec>;
export const JobResource = resource("Job", JobSpec);
