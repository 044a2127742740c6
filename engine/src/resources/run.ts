import { z } from "zod";
import { resource } from "./object.ts";
import { onlyCancel, rules } from "./rule.ts";
import { checkTarget, jobRef, target, targetRules } from "./target.ts";

const shape = {
  ...target,
  ...jobRef,
  partitionKey: z.string().min(1).optional().describe("Partition of a partitioned target."),
  cancel: z.boolean().optional().describe("Set to true to stop it. It cannot be taken back."),
};

export const RunSpec = z
  .strictObject(shape)
  .superRefine(checkTarget)
  .meta(rules([...targetRules({ jobRef: true }), ...onlyCancel("run", "Run", shape)]));
export type RunSpec = z.infer<typeof RunSpec>;
export const RunResource = resource("Run", RunSpec);
