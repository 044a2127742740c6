import { countOf } from "../design/count.ts";
import { type JsonSchema, type Path, resolve, typeText } from "./json-schema.ts";

export interface Fault {
  readonly path: Path;
  readonly message: string;
  /** True when the fault is about the key at the end of the path, not about its value. */
  readonly atKey: boolean;
}

/**
 * Every way in which `value` does not fit `schema`. Interpreted, not compiled: the page's CSP forbids eval.
 * Says it in the words in which the server and dagsterctl refuse the same config.
 */
export function validate(
  value: unknown,
  schema: JsonSchema,
  root: JsonSchema = schema,
  path: Path = [],
): Fault[] {
  const own = resolve(schema, root);
  const faults: Fault[] = [];
  const fault = (message: string, at: Path = path, atKey = false) =>
    faults.push({ path: at, message, atKey });

  if (own.const !== undefined && !same(value, own.const))
    return [{ path, message: `must be ${JSON.stringify(own.const)}`, atKey: false }];
  if (own.enum && !own.enum.some((choice) => same(choice, value))) {
    return [
      { path, message: `must be one of ${own.enum.map((v) => JSON.stringify(v)).join(", ")}`, atKey: false },
    ];
  }
  const types = typeof own.type === "string" ? [own.type] : own.type;
  if (types && !types.some((type) => hasType(value, type)))
    return [
      { path, message: `must be ${article(typeText(own, root))}, not ${describe(value)}`, atKey: false },
    ];

  for (const branch of own.allOf ?? []) faults.push(...validate(value, branch, root, path));
  const branches = own.anyOf ?? own.oneOf;
  if (branches && branches.length > 0) {
    const tried = branches.map((branch) => validate(value, branch, root, path));
    if (!tried.some((list) => list.length === 0)) {
      // The alternative that got furthest tells most about what was meant.
      const closest = tried.reduce((best, list) => (score(list) > score(best) ? list : best));
      const deep = closest.some((f) => f.path.length > path.length || f.atKey);
      if (deep || branches.length === 1) faults.push(...closest);
      else fault(`must be ${article(typeText(own, root))}, not ${describe(value)}`);
    }
  }
  if (typeof value === "number") {
    if (own.minimum !== undefined && value < own.minimum) fault(`must be at least ${own.minimum}`);
    if (own.maximum !== undefined && value > own.maximum) fault(`must be at most ${own.maximum}`);
    if (own.exclusiveMinimum !== undefined && value <= own.exclusiveMinimum)
      fault(`must be more than ${own.exclusiveMinimum}`);
    if (own.exclusiveMaximum !== undefined && value >= own.exclusiveMaximum)
      fault(`must be less than ${own.exclusiveMaximum}`);
  } else if (typeof value === "string") {
    if (own.minLength !== undefined && value.length < own.minLength)
      fault(`must have at least ${countOf(own.minLength, "character")}`);
    if (own.maxLength !== undefined && value.length > own.maxLength)
      fault(`must have at most ${countOf(own.maxLength, "character")}`);
    if (own.pattern !== undefined && !own.format && !new RegExp(own.pattern, "u").test(value))
      fault(`must match ${own.pattern}`);
  } else if (Array.isArray(value)) {
    if (own.minItems !== undefined && value.length < own.minItems)
      fault(`must have at least ${own.minItems} items`);
    if (own.maxItems !== undefined && value.length > own.maxItems)
      fault(`must have at most ${own.maxItems} items`);
    value.forEach((item, index) => {
      const schemaOf = own.prefixItems?.[index] ?? own.items;
      if (schemaOf) faults.push(...validate(item, schemaOf, root, [...path, index]));
    });
  } else if (value !== null && typeof value === "object") {
    const entries = value as Record<string, unknown>;
    for (const key of own.required ?? []) if (!(key in entries)) fault(`"${key}" is missing.`);
    for (const [key, item] of Object.entries(entries)) {
      const known =
        own.properties?.[key] ??
        Object.entries(own.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(key))?.[1];
      const schemaOf = known ?? own.additionalProperties;
      if (schemaOf === false)
        fault(
          `There is no "${key}" here.${suggest(key, Object.keys(own.properties ?? {}))}`,
          [...path, key],
          true,
        );
      else if (schemaOf && schemaOf !== true) faults.push(...validate(item, schemaOf, root, [...path, key]));
    }
  }
  return faults;
}

function score(faults: readonly Fault[]): number {
  return Math.max(0, ...faults.map((f) => f.path.length)) * 100 - faults.length;
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null || value === undefined;
    case "array":
      return Array.isArray(value);
    case "object":
      return value !== null && typeof value === "object" && !Array.isArray(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return JSON.stringify(value);
}

function article(type: string): string {
  if (type.startsWith('"') || type.includes(" | ")) return type;
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function suggest(key: string, known: readonly string[]): string {
  const near = known.find(
    (k) =>
      k.toLowerCase() === key.toLowerCase() || distance(k, key) <= Math.max(1, Math.floor(key.length / 4)),
  );
  if (near) return ` Did you mean "${near}"?`;
  return known.length > 0 && known.length <= 8 ? ` Known: ${known.join(", ")}.` : "";
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
