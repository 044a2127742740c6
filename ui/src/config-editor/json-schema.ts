/** The part of JSON Schema that config schemas use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export type Path = readonly (string | number)[];

/** Reads a schema from the server's text; null when it is empty or not JSON. */
export function readSchema(text: string): JsonSchema | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as JsonSchema) : null;
  } catch {
    return null;
  }
}

/** Follows `$ref`s within the document; a loop or an unknown reference ends as a schema that allows all. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let now = schema;
  for (let hops = 0; now.$ref !== undefined; hops++) {
    if (hops > 30 || !now.$ref.startsWith("#")) return {};
    let target: unknown = root;
    for (const part of now.$ref.slice(1).split("/").filter(Boolean)) {
      target = (target as Record<string, unknown> | undefined)?.[
        decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")
      ];
    }
    if (target === null || typeof target !== "object") return {};
    const { $ref: _, ...beside } = now;
    now = { ...(target as JsonSchema), ...beside };
  }
  return now;
}

/** A schema and every alternative under it, flattened. */
export function alternatives(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema[] {
  const own = resolve(schema, root);
  if (depth > 8) return [own];
  const branches = [...(own.anyOf ?? []), ...(own.oneOf ?? []), ...(own.allOf ?? [])];
  return [own, ...branches.flatMap((branch) => alternatives(branch, root, depth + 1))];
}

/** The schemas that may describe the value at `path`. */
export function schemasAt(root: JsonSchema, path: Path): JsonSchema[] {
  let now = alternatives(root, root);
  for (const part of path) {
    now = now.flatMap((schema) => child(schema, part).flatMap((next) => alternatives(next, root)));
  }
  return now;
}

function child(schema: JsonSchema, part: string | number): JsonSchema[] {
  if (typeof part === "number")
    return [schema.prefixItems?.[part] ?? schema.items].filter((s) => s !== undefined);
  const own = schema.properties?.[part];
  if (own) return [own];
  for (const [pattern, value] of Object.entries(schema.patternProperties ?? {}))
    if (new RegExp(pattern).test(part)) return [value];
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}

/** "string", "integer | null", "one of a, b". */
export function typeText(schema: JsonSchema, root: JsonSchema): string {
  const own = resolve(schema, root);
  if (own.enum) return own.enum.map((v) => JSON.stringify(v)).join(" | ");
  if (own.const !== undefined) return JSON.stringify(own.const);
  const branches = own.anyOf ?? own.oneOf;
  if (branches) return [...new Set(branches.map((branch) => typeText(branch, root)))].join(" | ");
  if (own.type === "array") return own.items ? `list of ${typeText(own.items, root)}` : "list";
  const types = typeof own.type === "string" ? [own.type] : (own.type ?? []);
  return types.length > 0 ? types.join(" | ") : own.properties ? "object" : "any";
}
