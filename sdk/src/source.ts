/** Where a definition was written, and what kind of thing it is, readable across copies of this package. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
/** By file as the engine names it: how it is shown, or null for a file of this package. */
const shown = new Map<string, string | null>();
function shownPath(file: string): string | null {
  let path = shown.get(file);
  if (path === undefined) {
    const plain = file.startsWith("file://") ? fileURLToPath(file) : file;
    path = plain.startsWith(here) ? null : relative(process.cwd(), plain);
    shown.set(file, path);
  }
  return path;
}

const callSites = (_error: Error, sites: NodeJS.CallSite[]) => sites;

/** `file:line` of the first caller outside this package, relative to the working folder; undefined when there is none. */
export function definitionSite(): string | undefined {
  const limit = Error.stackTraceLimit;
  const prepare = Error.prepareStackTrace;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  try {
    Error.stackTraceLimit = 6;
    // Call sites and not text: formatting a stack for each of thousands of definitions would cost more than all the rest.
    Error.prepareStackTrace = callSites;
    Error.captureStackTrace(holder, definitionSite);
    for (const site of holder.stack ?? []) {
      const file = site.getFileName();
      if (file === null || file === undefined || file.startsWith("node:")) continue;
      const path = shownPath(file);
      if (path !== null) return `${path}:${site.getLineNumber() ?? 0}`;
    }
    return undefined;
  } finally {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  }
}

/** ` (file:line)` for a message, or nothing. */
export const at = (source: string | undefined) => (source === undefined ? "" : ` (${source})`);

/** Two copies of this package may be loaded at once (a user's and a tool's), so a definition is known by this symbol, not by its class. */
export const KIND: unique symbol = Symbol.for("@dagster-operator/sdk/kind") as never;

export type DefinitionKind =
  | "asset"
  | "assetCheck"
  | "assetIn"
  | "op"
  | "graph"
  | "job"
  | "schedule"
  | "sensor"
  | "resource"
  | "env"
  | "handle"
  | "hook"
  | "logger"
  | "runRequest"
  | "skipReason"
  | "sensorResult"
  | "automationCondition"
  | "failure"
  | "retryRequested"
  | "definitions";

/** The kind of a definition of any copy of this package, or undefined for anything else. */
export function kindOf(value: unknown): DefinitionKind | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  return (value as { [KIND]?: DefinitionKind })[KIND];
}
