import { createHash } from "node:crypto";

const PLAIN = /^[ !#-[\]-~]*$/;
const string = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** JSON with keys in order and no white space, so that equal values have equal text. Absent and undefined are the same. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return string(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) {
    let items = "";
    for (let i = 0; i < value.length; i++)
      items += i === 0 ? canonicalJson(value[i]) : `,${canonicalJson(value[i])}`;
    return `[${items}]`;
  }
  if (value instanceof Date) return JSON.stringify(value);
  let members = "";
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) members += `${members === "" ? "" : ","}${string(key)}:${canonicalJson(item)}`;
  }
  return `{${members}}`;
}

export const contentHash = (value: unknown) =>
  createHash("sha256").update(canonicalJson(value)).digest("hex");
