import { z } from "zod";
import { resource } from "./object.ts";
import { checkTarget, jobRef, target } from "./target.ts";

const key = z.string().min(1);

export const BackfillSpec = z
  .strictObject({
    ...target,
    ...jobRef,
    partitionKeys: z.array(key).min(1).optional(),
    /** Both ends are in it. */
    partitionRange: z.strictObject({ start: key, end: key }).optional(),
    cancel: z.boolean().optional(),
  })
  .superRefine((spec, context) => {
    checkTarget(spec, context);
    if ((spec.partitionKeys === undefined) === (spec.partitionRange === undefined))
      context.addIssue({
        code: "custom",
        message: "a backfill names either partitionKeys or partitionRange",
        path: [],
      });
  });
export type BackfillSpec = z.infer<typeof BackfillSpec>;
export const BackfillResource = resource("Backfill", BackfillSpec);
