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

/** sha256 (hex) of the canonical JSON, fed in pieces: one text of thousands of definitions would be megabytes. */
export function contentHash(content: Record<string, unknown>): string {
  const hash = createHash("sha256");
  let before = "{";
  for (const key of Object.keys(content).sort()) {
    const value = content[key];
    if (value === undefined) continue;
    hash.update(`${before}${string(key)}:`);
    before = ",";
    if (!Array.isArray(value)) hash.update(canonicalJson(value));
    else {
      hash.update("[");
      for (const [index, item] of value.entries())
        hash.update(index === 0 ? canonicalJson(item) : `,${canonicalJson(item)}`);
      hash.update("]");
    }
  }
  return hash.update(before === "{" ? "{}" : "}").digest("hex");
}
