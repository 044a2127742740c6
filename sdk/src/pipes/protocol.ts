/** The open Dagster Pipes protocol, version 0.1: what is handed to another process and what it says back. */
import { deflateSync } from "node:zlib";
import { z } from "zod";
import { MetadataValue } from "../metadata/metadata-value.ts";
import type { AssetKey } from "../model/definitions.ts";

export const CONTEXT_ENV = "DAGSTER_PIPES_CONTEXT";
export const MESSAGES_ENV = "DAGSTER_PIPES_MESSAGES";
const VERSION_FIELD = "__dagster_pipes_version";

/** A parameter as the other side reads it from the environment: JSON, zlib, base64. */
export const encodeParam = (value: unknown): string => deflateSync(JSON.stringify(value)).toString("base64");

/** What the other process is told of the step it works for. */
export interface PipesContextData {
  asset_keys: string[] | null;
  code_version_by_asset_key: Record<string, string | null> | null;
  provenance_by_asset_key: Record<string, null> | null;
  partition_key: string | null;
  partition_key_range: { start: string; end: string } | null;
  /** ISO 8601. */
  partition_time_window: { start: string; end: string } | null;
  run_id: string;
  job_name: string | null;
  retry_number: number;
  extras: Readonly<Record<string, unknown>>;
}

export interface PipesException {
  message: string;
  stack?: string[] | null | undefined;
  name?: string | null | undefined;
  cause?: PipesException | null | undefined;
  context?: PipesException | null | undefined;
}
const Exception: z.ZodType<PipesException> = z.lazy(() =>
  z.object({
    message: z.string(),
    stack: z.array(z.string()).nullish(),
    name: z.string().nullish(),
    cause: Exception.nullish(),
    context: Exception.nullish(),
  }),
);
const Typed = z.object({ raw_value: z.unknown(), type: z.string() });
const Metadata = z.record(z.string(), Typed).nullish();

const message = <M extends string, P extends z.ZodType>(method: M, params: P) =>
  z.object({ [VERSION_FIELD]: z.string(), method: z.literal(method), params });

export const PipesMessage = z.discriminatedUnion("method", [
  message("opened", z.object({ extras: z.record(z.string(), z.unknown()).nullish() }).nullish()),
  message("closed", z.object({ exception: Exception.nullish() }).nullish()),
  message("log", z.object({ message: z.string(), level: z.string() })),
  message(
    "report_asset_materialization",
    z.object({ asset_key: z.string(), data_version: z.string().nullish(), metadata: Metadata }),
  ),
  message(
    "report_asset_check",
    z.object({
      asset_key: z.string(),
      check_name: z.string(),
      passed: z.boolean(),
      severity: z.enum(["WARN", "ERROR"]).default("ERROR"),
      metadata: Metadata,
    }),
  ),
  message("report_custom_message", z.object({ payload: z.unknown() })),
  message("log_external_stream", z.object({ stream: z.string(), text: z.string(), extras: z.unknown() })),
]);
export type PipesMessage = z.infer<typeof PipesMessage>;

/** One line of the message file; `problem` says why it is none. */
export function parseMessage(line: string): { message: PipesMessage } | { problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { problem: "it is not JSON" };
  }
  const parsed = PipesMessage.safeParse(json);
  if (parsed.success) return { message: parsed.data };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "it"}: ${issue.message}`);
  return { problem: issues.join("; ") };
}

/** `/` parts a key in the protocol; one inside a name has `\` before it. */
export const escapeAssetKey = (key: AssetKey): string =>
  key.map((part) => part.replaceAll("\\", "\\\\").replaceAll("/", "\\/")).join("/");

export function unescapeAssetKey(text: string): AssetKey {
  const parts = [""];
  for (const [token] of text.matchAll(/\\(.)|[^\\]/gsu)) {
    if (token === "/") parts.push("");
    else parts.push((parts.pop() ?? "") + (token.length > 1 && token[0] === "\\" ? token.slice(1) : token));
  }
  return parts.filter((part) => part !== "");
}

type Raw = z.infer<typeof Typed>;

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** What pages draw for a value of the protocol; a value that does not fit its type is shown as what it is. */
function metadataValue({ raw_value: value, type }: Raw): unknown {
  switch (type) {
    case "text":
      return MetadataValue.text(text(value));
    case "url":
      return MetadataValue.url(text(value));
    case "path":
      return MetadataValue.path(text(value));
    case "notebook":
      return MetadataValue.notebook(text(value));
    case "md":
      return MetadataValue.md(text(value));
    case "dagster_run":
      return MetadataValue.run(text(value));
    case "asset":
      return MetadataValue.asset(unescapeAssetKey(text(value)));
    case "int":
      return typeof value === "number" ? MetadataValue.int(value) : value;
    case "float":
      return typeof value === "number" ? MetadataValue.float(value) : value;
    case "timestamp":
      return typeof value === "number" ? MetadataValue.timestamp(value) : value;
    case "bool":
      return typeof value === "boolean" ? MetadataValue.bool(value) : value;
    case "table":
      return table(value) ?? MetadataValue.json(value);
    case "json":
    case "table_schema":
    case "table_column_lineage":
      return MetadataValue.json(value);
    default:
      return value;
  }
}

function table(value: unknown): unknown {
  const parsed = z
    .object({
      records: z.array(z.record(z.string(), z.unknown())),
      schema: z.union([z.array(z.object({ name: z.string(), type: z.string().optional() })), z.unknown()]),
    })
    .safeParse(value);
  return parsed.success ? MetadataValue.table(parsed.data.records) : undefined;
}

export const metadataOf = (
  given: Readonly<Record<string, Raw>> | null | undefined,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name, metadataValue(value)]));

/** The other side's exception as an error of here, with its own stack and causes. */
export function errorOf({ message: said, stack, name, cause, context }: PipesException): Error {
  const inner = cause ?? context;
  const error = new Error(said.trim(), inner ? { cause: errorOf(inner) } : undefined);
  error.name = name || "Error";
  error.stack = `${stack?.length ? `${stack.join("")}\n` : ""}${said.trim()}`;
  return error;
}
