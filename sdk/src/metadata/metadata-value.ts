/** Metadata as users write it, and the values that pages draw. */
import type { Metadata, MetadataValue as Value } from "../model/event.ts";

const BRAND = Symbol.for("@dagster-operator/sdk/metadata");
type TableCell = string | number | boolean | null;
type Columns = { name: string; type?: string; description?: string }[];

/** What a user may give: a value of `MetadataValue.…`, or a bare value that becomes the nearest kind (a number, a text, JSON, …). */
export type MetadataInput = Record<string, unknown>;

function branded<T extends Value>(value: T): T {
  Object.defineProperty(value, BRAND, { value: true });
  return value;
}

const cell = (value: unknown): TableCell => {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};
const columnType = (value: TableCell | undefined) =>
  typeof value === "number"
    ? Number.isInteger(value)
      ? "int"
      : "float"
    : typeof value === "boolean"
      ? "bool"
      : "string";

/** Rows as objects, drawn as a table; columns and their types are found in the rows unless given. */
export function table(rows: readonly object[], columns?: Columns) {
  const plain = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)])),
  );
  const names = columns ?? [...new Set(plain.flatMap((row) => Object.keys(row)))].map((name) => ({ name }));
  const typed = names.map((column: Columns[number]) => ({
    type: columnType(
      plain.find((row) => row[column.name] !== null && row[column.name] !== undefined)?.[column.name],
    ),
    ...column,
  }));
  return branded({ type: "table", columns: typed, rows: plain });
}

/** Markdown. */
export const md = (value: string) => branded({ type: "markdown", value });

const IMAGE_LIMIT = 2 * 1024 * 1024;
function picture(mediaType: "image/svg+xml" | "image/png" | "image/jpeg", data: string) {
  if (data.length > IMAGE_LIMIT) {
    throw new RangeError(
      `a picture of ${data.length} bytes is more than metadata may hold (2 MiB): store it and give its path or URL`,
    );
  }
  return branded({ type: "image", mediaType, data });
}

/** A picture of at most 2 MiB: SVG as text, the others as bytes. */
export const image = {
  svg: (text: string) => picture("image/svg+xml", text),
  png: (bytes: Uint8Array) => picture("image/png", Buffer.from(bytes).toString("base64")),
  jpeg: (bytes: Uint8Array) => picture("image/jpeg", Buffer.from(bytes).toString("base64")),
};

/** Constructors of metadata values, for what a bare value does not say: `metadata({ docs: MetadataValue.url("https://…") })`. */
export const MetadataValue = {
  text: (value: string) => branded({ type: "text", value }),
  md,
  int: (value: number | bigint) => branded({ type: "int", value: Math.trunc(Number(value)) }),
  float: (value: number) => branded({ type: "float", value }),
  bool: (value: boolean) => branded({ type: "bool", value }),
  json: (value: unknown) =>
    branded({ type: "json", value: JSON.parse(JSON.stringify(value ?? null)) as unknown }),
  url: (value: string | URL) => branded({ type: "url", value: String(value) }),
  path: (value: string) => branded({ type: "path", value }),
  notebook: (path: string) => branded({ type: "notebook", value: path }),
  /** A Date, or seconds since the epoch. */
  timestamp: (value: Date | number) =>
    branded({ type: "timestamp", value: typeof value === "number" ? value : value.getTime() / 1000 }),
  asset: (key: readonly string[] | { readonly key: readonly string[] }) =>
    branded({ type: "asset", value: [...("key" in key ? key.key : key)] }),
  run: (runId: string) => branded({ type: "run", value: runId }),
  table,
  image,
};

/** The value that a bare one stands for; throws a TypeError for what no page can draw. */
function metadataValue(name: string, value: unknown): Value {
  switch (typeof value) {
    case "string":
      return { type: "text", value };
    case "number":
      if (!Number.isFinite(value)) return { type: "text", value: String(value) };
      return Number.isInteger(value) ? { type: "int", value } : { type: "float", value };
    case "bigint":
      return { type: "int", value: Number(value) };
    case "boolean":
      return { type: "bool", value };
    case "undefined":
      return { type: "null" };
    case "object": {
      if (value === null) return { type: "null" };
      if (BRAND in value) return value as unknown as Value;
      if (value instanceof Date) return { type: "timestamp", value: value.getTime() / 1000 };
      if (value instanceof URL) return { type: "url", value: value.href };
      try {
        return { type: "json", value: JSON.parse(JSON.stringify(value)) as unknown };
      } catch (cause) {
        throw new TypeError(
          `metadata "${name}" cannot be written as JSON; give plain data or a value of MetadataValue.…`,
          { cause },
        );
      }
    }
    default:
      throw new TypeError(
        `metadata "${name}" is a ${typeof value}; give plain data or a value of MetadataValue.…`,
      );
  }
}

/** Every value of what a user gave, in the form that events carry. */
export function toMetadata(input: MetadataInput): Metadata {
  const result: Metadata = {};
  for (const [name, value] of Object.entries(input)) result[name] = metadataValue(name, value);
  return result;
}
