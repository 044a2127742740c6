import { alternatives, type JsonSchema, schemasAt, typeText } from "./json-schema.ts";
import { type Spot, spotAt } from "./yaml-document.ts";

export interface Suggestion {
  readonly label: string;
  /** What is inserted in place of the word at the cursor. */
  readonly insert: string;
  readonly detail: string;
  readonly doc: string;
  readonly required: boolean;
}

/** What may be written at `offset`: keys not yet there (required ones first), or values. */
export function suggest(
  text: string,
  offset: number,
  schema: JsonSchema,
): { spot: Spot; items: Suggestion[] } {
  const spot = spotAt(text, offset);
  const found = new Map<string, Suggestion>();
  for (const here of schemasAt(schema, spot.path)) {
    if (spot.writing === "key") {
      for (const [name, property] of Object.entries(here.properties ?? {})) {
        if (spot.siblings.includes(name) || found.has(name)) continue;
        const own = alternatives(property, schema);
        const nested = own.some(
          (s) => s.type === "object" || s.properties !== undefined || s.type === "array",
        );
        const value = own.find((s) => s.default !== undefined)?.default;
        found.set(name, {
          label: name,
          insert: nested
            ? `${name}:`
            : value === undefined || typeof value === "object"
              ? `${name}: `
              : `${name}: ${scalar(value)}`,
          detail: typeText(property, schema),
          doc: own.find((s) => s.description)?.description ?? "",
          required: here.required?.includes(name) ?? false,
        });
      }
    } else {
      const values = [
        ...(here.enum ?? []),
        ...(here.const === undefined ? [] : [here.const]),
        ...(here.type === "boolean" ? [true, false] : []),
        ...(here.default === undefined || typeof here.default === "object" ? [] : [here.default]),
        ...(here.examples ?? []),
      ];
      for (const value of values) {
        const label = scalar(value);
        if (!found.has(label))
          found.set(label, {
            label,
            insert: label,
            detail: value === here.default ? "default" : "",
            doc: here.description ?? "",
            required: false,
          });
      }
    }
  }
  const items = [...found.values()].sort((a, b) => Number(b.required) - Number(a.required));
  return { spot, items };
}

/** What the schema says about the key or value under `offset`; null when it says nothing. */
export function explain(
  text: string,
  offset: number,
  schema: JsonSchema,
): { name: string; type: string; doc: string; fallback: string | null } | null {
  const end = text.slice(offset).search(/[\n:]/);
  const lineEnd = text.indexOf("\n", offset);
  const at = end < 0 ? text.length : offset + end;
  const spot = spotAt(text, at > lineEnd && lineEnd >= 0 ? lineEnd : at);
  const word = /[\w./$@-]+$/.exec(text.slice(0, at))?.[0];
  const path = spot.writing === "key" && word ? [...spot.path, word] : spot.path;
  const name = path.at(-1);
  if (name === undefined) return null;
  const schemas = schemasAt(schema, path);
  const [first] = schemas;
  if (!first) return null;
  const fallback = schemas.find((s) => s.default !== undefined)?.default;
  return {
    name: String(name),
    type: typeText(first, schema),
    doc: schemas.find((s) => s.description)?.description ?? "",
    fallback: fallback === undefined ? null : JSON.stringify(fallback),
  };
}

function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[\w./ -]+$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|~|-?[\d.]+)$/i.test(value) &&
    value.trim() === value
    ? value
    : JSON.stringify(value);
}
