import { alternatives, type JsonSchema, typeText } from "./json-schema.ts";

/**
 * YAML with every required field: its default where the schema has one, else an empty value and a comment that says what
 * is wanted. "{}" when nothing is required.
 */
export function scaffold(schema: JsonSchema): string {
  const lines = object(schema, schema, 0);
  return lines.length > 0 ? `${lines.join("\n")}\n` : "{}\n";
}

function object(schema: JsonSchema, root: JsonSchema, depth: number): string[] {
  const own = alternatives(schema, root).find((s) => s.properties);
  if (!own || depth > 12) return [];
  const indent = "  ".repeat(depth);
  const lines: string[] = [];
  for (const [name, property] of Object.entries(own.properties ?? {})) {
    if (!own.required?.includes(name)) continue;
    const key = /^[\w./-]+$/.test(name) ? name : JSON.stringify(name);
    const inner = object(property, root, depth + 1);
    if (inner.length > 0) {
      lines.push(`${indent}${key}:`, ...inner);
      continue;
    }
    const all = alternatives(property, root);
    const fallback = all.find((s) => s.default !== undefined)?.default;
    if (fallback !== undefined) lines.push(`${indent}${key}: ${JSON.stringify(fallback)}`);
    else {
      const doc = all.find((s) => s.description)?.description?.split("\n")[0];
      lines.push(`${indent}${key}: ${blank(all)} # ${typeText(property, root)}${doc ? `: ${doc}` : ""}`);
    }
  }
  return lines;
}

function blank(schemas: readonly JsonSchema[]): string {
  for (const schema of schemas) {
    if (schema.enum) return JSON.stringify(schema.enum[0]);
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
    if (type === "string") return '""';
    if (type === "integer" || type === "number") return "0";
    if (type === "boolean") return "false";
    if (type === "array") return "[]";
    if (type === "object") return "{}";
  }
  return "null";
}
