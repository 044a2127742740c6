/** Anything that user code threw → ErrorInfo, with the user's lines of the stack only, where it happened first. */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import { frameLocation, isUserFrame } from "./frames.ts";

const DEPTH = 8;

/** `lastFile`: blamed for a syntax error that does not name its file. */
export function userError(thrown: unknown, lastFile: string | null = null, depth = 0): ErrorInfo {
  if (!(thrown instanceof Error)) {
    return {
      name: "NonError",
      message: `a ${typeof thrown} was thrown, not an Error: ${inspect(thrown, { depth: 3 })}`,
    };
  }
  const { name, message, stack = "", cause } = thrown;
  const blamed = thrown instanceof SyntaxError ? lastFile : null;
  const cleaned = cleanStack(message, stack, blamed);
  const info: ErrorInfo = {
    name,
    message: message + hint(thrown) + (thrown instanceof SyntaxError ? syntaxPlace(cleaned) : ""),
    stack: cleaned,
  };
  if (cause !== undefined && depth < DEPTH) info.cause = userError(cause, null, depth + 1);
  return info;
}

/** An error that has crossed a process border already, with its stacks cleaned in the same way. */
export function cleanError(error: ErrorInfo): ErrorInfo {
  const { stack, cause } = error;
  return {
    ...error,
    ...(stack === undefined ? {} : { stack: cleanStack(error.message, stack, null) }),
    ...(cause === undefined ? {} : { cause: cleanError(cause) }),
  };
}

/** What to do next, for the faults of Node's loader that say only what is. */
function hint(error: Error & { code?: unknown }): string {
  if (error.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return ": Node strips types and runs the rest as it is, so write a const object in its place or build to JavaScript first";
  if (error.code === "ERR_MODULE_NOT_FOUND") {
    const name = /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
    if (name !== undefined) return `: install it where your package.json is (npm install ${name})`;
    return ": look at the path of the import; a file of your own ends in .ts there too";
  }
  if (error instanceof SyntaxError && / does not provide an export named /.test(error.message))
    return ": if it is a type, write `import { type … }`; if not, look at how it is spelled where it is exported";
  return "";
}

/** ` (src/raw.ts:1)` where the file itself cannot be read as code: lists show the message alone. "" for one that code threw. */
function syntaxPlace(stack: string): string {
  const place = /^(\/[^\n]*?)((?::\d+)*)\n/.exec(stack);
  if (place === null || /^\s+at /m.test(stack)) return "";
  const [, file = "", line = ""] = place;
  const short = relative(process.cwd(), file);
  return ` (${short.startsWith("..") ? file : short}${line})`;
}

function cleanStack(message: string, stack: string, blamed: string | null): string {
  const lines = stack.replaceAll(/file:\/\/\/[^\s):]+/g, (url) => fileURLToPath(url)).split("\n");
  const frames = lines.filter((line) => /^\s+at /.test(line) && isUserFrame(line));
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  const head = (firstFrame < 0 ? lines : lines.slice(0, firstFrame)).join("\n").trimEnd();
  // Node puts `file:line` and the line itself before a syntax error.
  if (/^\/[^\n]*:\d+(:\d+)?\n/.test(head)) return [head, ...frames].join("\n");
  const origin = where(message, frames) ?? blamed;
  return [...(origin === null ? [] : [origin]), head, ...frames].join("\n");
}

/** `path:line:column` of the innermost user frame; for a failed import, the file that has the import. */
function where(message: string, frames: string[]): string | null {
  const importer = / imported from (\/.*)$/.exec(message)?.[1];
  if (importer !== undefined) return importer;
  for (const frame of frames) {
    const at = frameLocation(frame);
    if (at !== null) return `${at.path}:${at.line}:${at.column}`;
  }
  return null;
}
