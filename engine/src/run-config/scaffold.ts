/** A run config to start from, for the launchpad: everything that must be given, and everything that has a default. */
import type { JsonSchema } from "@dagster-operator/sdk/internal";

/**
 * Required fields hold their default, their only or first allowed value, or the emptiest value of their type, which a person
 * replaces; optional ones are there when they have a default. `{}` when nothing is to be configured.
 */
export function scaffoldRunConfig(schema: JsonSchema): Record<string, unknown> {
  const made = objectOf(schema, schema, 0);
  // To be named is to be written to: a logger with defaults is not there by default.
  delete made.loggers;
  return made;
}

/** A schema that refers to itself ends here. */
const MAX_DEPTH = 12;

function objectOf(schema: JsonSchema, root: JsonSchema, depth: number): Record<string, unknown> {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const made: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(properties)) {
    if (!isObject(given) || depth > MAX_DEPTH) continue;
    const property = resolved(given, root);
    if (required.includes(name)) made[name] = placeholder(property, root, depth + 1);
    else if ("default" in property) made[name] = property.default;
    else if (demandsNothing(property)) {
      const inner = objectOf(property, root, depth + 1);
      if (Object.keys(inner).length > 0) made[name] = inner;
    }
  }
  return made;
}

function placeholder(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  if ("default" in schema) return schema.default;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  for (const options of [schema.anyOf, schema.oneOf]) {
    const first: unknown = Array.isArray(options) ? options[0] : undefined;
    if (isObject(first)) return placeholder(resolved(first, root), root, depth);
  }
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return objectOf(schema, root, depth);
    case "array":
      return [];
    case "string":
      return "";
    case "number":
    case "integer":
      return typeof schema.minimum === "number" ? Math.max(0, schema.minimum) : 0;
    case "boolean":
      return false;
    default:
      return null;
  }
}

/** An optional object is shown for the sake of its defaults, but never so that more has to be filled in than before. */
function demandsNothing(schema: JsonSchema): boolean {
  return schema.type === "object" && !(Array.isArray(schema.required) && schema.required.length > 0);
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== "string") return schema;
  let found: unknown = root;
  for (const part of schema.$ref.replace(/^#\/?/, "").split("/")) {
    found = isObject(found) ? found[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return isObject(found) ? found : {};
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
