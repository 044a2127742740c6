/** A CEL rule of a CRD: what a zod refinement says, said again to the API server in the same words. */
export interface Rule {
  rule: string;
  message: string;
}

/** Key under which zod's metadata keeps rules; z.toJSONSchema hands it on as it is. */
export const rules = (list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

/** CEL for "exactly one of these fields". */
export const exactlyOne = (a: string, b: string): string => `has(self.${a}) != has(self.${b})`;
