import { z } from "zod";

/** A structural schema of `apiextensions.k8s.io/v1`. */
export interface Structural {
  [keyword: string]: unknown;
  properties?: Record<string, Structural>;
  items?: Structural;
  additionalProperties?: Structural;
}
type JsonSchema = Record<string, unknown>;

/** Keywords that mean the same in both. */
const KEPT = [
  "type",
  "description",
  "default",
  "enum",
  "format",
  "pattern",
  "required",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
];

/** A zod schema as the API server wants it. @throws Error it says something that a structural schema cannot */
export function structural(schema: z.ZodType): Structural {
  return convert(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema, "");
}

function convert(from: JsonSchema, path: string): Structural {
  if (from.$ref !== undefined || from.allOf !== undefined || from.oneOf !== undefined)
    throw new Error(`${path || "schema"}: $ref, allOf and oneOf have no structural form`);
  const to: Structural = {};
  for (const [keyword, value] of Object.entries(from))
    if (KEPT.includes(keyword) || keyword.startsWith("x-kubernetes-")) to[keyword] = value;
  // A string or an object: the API server has no type for that, so it keeps what comes, and the operator checks it.
  if (from.anyOf !== undefined) return { ...to, "x-kubernetes-preserve-unknown-fields": true };
  if (typeof from.exclusiveMinimum === "number") {
    to.minimum = from.exclusiveMinimum;
    to.exclusiveMinimum = true;
  }
  // zod's bounds of a safe integer say nothing to a person who reads the schema.
  if (to.maximum === Number.MAX_SAFE_INTEGER) delete to.maximum;
  if (to.minimum === Number.MIN_SAFE_INTEGER) delete to.minimum;
  if (from.type === "integer") to.format = "int64";
  if (from.items !== undefined) to.items = convert(from.items as JsonSchema, `${path}[]`);
  if (from.type !== "object") return to;
  const extra = from.additionalProperties as JsonSchema | boolean | undefined;
  if (from.properties !== undefined) {
    to.properties = Object.fromEntries(
      Object.entries(from.properties as Record<string, JsonSchema>).map(([name, property]) => [
        name,
        convert(property, `${path}.${name}`),
      ]),
    );
    if (extra !== false && extra !== undefined) to["x-kubernetes-preserve-unknown-fields"] = true;
  } else if (typeof extra === "object" && extra.type !== undefined)
    to.additionalProperties = convert(extra, `${path}{}`);
  else to["x-kubernetes-preserve-unknown-fields"] = true;
  return to;
}
