import { z } from "zod";
import { resource } from "./object.ts";
import { exactlyOne, onlyCancel, rules } from "./rule.ts";
import { checkTarget, jobRef, target, targetRules } from "./target.ts";

const key = z.string().min(1);
const EITHER = "a backfill names either partitionKeys or partitionRange";

const shape = {
  ...target,
  ...jobRef,
  partitionKeys: z.array(key).min(1).optional().describe("The partitions, by key."),
  partitionRange: z
    .strictObject({ start: key.describe("First key."), end: key.describe("Last key.") })
    .optional()
    .describe("The partitions from one key to another; both ends are in it."),
  cancel: z.boolean().optional().describe("Set to true to stop it."),
};

export const BackfillSpec = z
  .strictObject(shape)
  .superRefine((spec, context) => {
    checkTarget(spec, context);
    if ((spec.partitionKeys === undefined) === (spec.partitionRange === undefined))
      context.addIssue({ code: "custom", message: EITHER, path: [] });
  })
  .meta(
    rules([
      ...targetRules({ jobRef: true }),
      { rule: exactlyOne("partitionKeys", "partitionRange"), message: EITHER },
      ...onlyCancel("backfill", "Backfill", shape),
    ]),
  );
export type BackfillSpec = z.infer<typeof BackfillSpec>;
export const BackfillResource = resource("Backfill", BackfillSpec);
