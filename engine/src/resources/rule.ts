/** A CEL rule of a CRD: what a zod refinement says, said again to the API server in the same words. */
export interface Rule {
  rule: string;
  message: string;
}

/** Key under which zod's metadata keeps rules; z.toJSONSchema hands it on as it is. */
export const rules = (list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

/** CEL for "exactly one of these fields". */
export const exactlyOne = (a: string, b: string): string => `has(self.${a}) != has(self.${b})`;

/** Rules for a spec that is what it was made as, apart from `cancel`, which can only be set. */
export const onlyCancel = (noun: string, Noun: string, shape: Record<string, unknown>): Rule[] => [
  ...Object.keys(shape)
    .filter((field) => field !== "cancel")
    .map((field) => ({
      rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
      message: `a ${noun} is what it was made as, only cancel can be set: make another ${Noun} to change ${field}`,
    })),
  {
    rule: "!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)",
    message: `a cancel cannot be taken back: make another ${Noun}`,
  },
];
