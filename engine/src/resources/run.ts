import { z } from "zod";
import { resource } from "./object.ts";
import { rules } from "./rule.ts";
import { checkTarget, jobRef, target, targetRules } from "./target.ts";

const shape = {
  ...target,
  ...jobRef,
  partitionKey: z.string().min(1).optional().describe("Partition of a partitioned target."),
  cancel: z.boolean().optional().describe("Set to true to stop it. It cannot be taken back."),
};
const fixed = Object.keys(shape).filter((field) => field !== "cancel");

export const RunSpec = z
  .strictObject(shape)
  .superRefine(checkTarget)
  .meta(
    rules([
      ...targetRules({ jobRef: true }),
      ...fixed.map((field) => ({
        rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
        message: `a run is what it was made as, only cancel can be set: make another Run to change ${field}`,
      })),
      {
        rule: "!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)",
        message: "a cancel cannot be taken back: make another Run",
      },
    ]),
  );
export type RunSpec = z.infer<typeof RunSpec>;
export const RunResource = resource("Run", RunSpec);
