import type { z } from "zod";

interface Def {
  type?: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  innerType?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  getter?: () => z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  left?: z.ZodType;
  right?: z.ZodType;
}

/** Keys that a schema knows at a path, so that an unknown one can be answered with the one that was meant. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [head, ...rest] = path;
  const keys = new Set<string>();
  for (const def of alternatives(schema)) {
    if (head === undefined) for (const key of Object.keys(def.shape ?? {})) keys.add(key);
    else {
      const next = def.shape?.[String(head)] ?? def.element ?? def.valueType;
      if (next) for (const key of keysAt(next, rest)) keys.add(key);
    }
  }
  return [...keys];
}

function alternatives(schema: z.ZodType): Def[] {
  const def = schema.def as Def;
  if (def.options) return def.options.flatMap(alternatives);
  if (def.left && def.right) return [...alternatives(def.left), ...alternatives(def.right)];
  // z.preprocess: the function stands in front, the schema behind.
  const piped = (def.in?.def as Def | undefined)?.type === "transform" ? def.out : def.in;
  const inner = def.innerType ?? piped ?? def.getter?.();
  return inner ? alternatives(inner) : [def];
}
