import { createHash } from "node:crypto";

/** JSON with keys in order and no white space, so that equal values have equal text. Absent and undefined are the same. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const { toJSON } = value as { toJSON?: () => unknown };
  if (typeof toJSON === "function") return canonicalJson(toJSON.call(value));
  let text = "";
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

export const contentHash = (value: unknown) =>
  createHash("sha256").update(canonicalJson(value)).digest("hex");
