import { MetadataValue } from "@dagster-operator/sdk/internal";
import type { MetadataEntryModel } from "./refs.ts";

/** Metadata of a definition is written either as a typed value or as bare JSON, which becomes the nearest type. */
export const definitionMetadata = (metadata: Record<string, unknown>): MetadataEntryModel[] =>
  Object.entries(metadata).map(([label, value]) => ({ label, value: metadataValue(value) }));

function metadataValue(value: unknown): MetadataValue {
  const typed = MetadataValue.safeParse(value);
  if (typed.success) return typed.data;
  switch (typeof value) {
    case "string":
      return /^https?:\/\//.test(value) ? { type: "url", value } : { type: "text", value };
    case "number":
      return Number.isInteger(value) ? { type: "int", value } : { type: "float", value };
    case "boolean":
      return { type: "bool", value };
    default:
      return value === null || value === undefined ? { type: "null" } : { type: "json", value };
  }
}
