/** Config schemas as JSON Schema for pages and editors. */
import { z } from "zod";
import type { JsonSchema } from "../model/definitions.ts";
import { issueWords } from "./issue-words.ts";

const known = new WeakMap<z.ZodType, JsonSchema>();

/** What a person may write for this schema; unknown keys are refused, as run config refuses them. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const { $schema: _, ...result } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: json, path }) => {
      const { def } = zodSchema._zod;
      // Parts of an intersection see each other's keys, so they cannot refuse what they do not know.
      if (
        def.type === "object" &&
        !("catchall" in def && def.catchall !== undefined) &&
        !path.includes("allOf")
      ) {
        json.additionalProperties = false;
      }
    },
  });
  known.set(schema, result as JsonSchema);
  return result as JsonSchema;
}

export interface ConfigIssue {
  path: string;
  message: string;
}

const join = (path: string, key: PropertyKey) =>
  typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`;

/** Every problem of `value` at `path`: the schema's, and keys that an object schema does not have (zod would drop them in silence). */
export function configIssues(schema: z.ZodType, value: unknown, path: string): ConfigIssue[] {
  const result = schema.safeParse(value);
  const issues = result.success
    ? []
    : result.error.issues.map((issue) => ({
        path: issue.path.reduce(join, path),
        message: issueWords(issue, value),
      }));
  return [...issues, ...unknownKeys(schema, value, path)];
}

/** What stands for config that nobody gave: the schema's own default (`.default(…)`, `.prefault(…)`), else nothing of an object. */
export const configOr = (schema: z.ZodType, given: unknown): unknown =>
  given === undefined && !schema.safeParse(undefined).success ? {} : given;

interface Def {
  type: string;
  shape?: Record<string, z.ZodType>;
  catchall?: unknown;
  innerType?: z.ZodType;
  element?: z.ZodType;
}

function unknownKeys(schema: z.ZodType, value: unknown, path: string): ConfigIssue[] {
  if (typeof value !== "object" || value === null) return [];
  const def = schema._zod.def as unknown as Def;
  if (def.innerType !== undefined) return unknownKeys(def.innerType, value, path);
  if (def.type === "array" && def.element !== undefined && Array.isArray(value)) {
    const { element } = def;
    return value.flatMap((item, index) => unknownKeys(element, item, join(path, index)));
  }
  if (def.type !== "object" || def.shape === undefined) return [];
  const { shape } = def;
  return Object.entries(value).flatMap(([key, item]) => {
    const field = shape[key];
    if (field !== undefined) return unknownKeys(field, item, join(path, key));
    return def.catchall === undefined
      ? [
          {
            path: join(path, key),
            message: `is unknown; known are ${Object.keys(shape).join(", ") || "none"}`,
          },
        ]
      : [];
  });
}
