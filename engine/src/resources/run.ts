import { z } from "zod";
import { resource } from "./object.ts";
import { checkTarget, jobRef, target } from "./target.ts";

export const RunSpec = z
  .strictObject({
    ...target,
    ...jobRef,
    partitionKey: z.string().min(1).optional(),
    /** Set to true to stop it. */
    cancel: z.boolean().optional(),
  })
  .superRefine(checkTarget);
export type RunSpec = z.infer<typeof RunSpec>;
export const RunResource = resource("Run", RunSpec);
