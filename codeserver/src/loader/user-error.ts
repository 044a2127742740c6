/** Anything that user code threw → ErrorInfo, with the user's lines of the stack only, where it happened first. */

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
  const info: ErrorInfo = { name: thrown.name, message: hinted(thrown), stack: cleanStack(thrown, lastFile) };
  if (thrown.cause !== undefined && depth < DEPTH) info.cause = userError(thrown.cause, null, depth + 1);
  return info;
}

function hinted(error: Error): string {
  if (code(error) === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return `${error.message}: Node strips types and runs the rest as it is, so write a const object in its place or build to JavaScript first`;
  }
  return error.message;
}

function code(error: Error): unknown {
  return (error as { code?: unknown }).code;
}

function cleanStack(error: Error, lastFile: string | null): string {
  const stack = (error.stack ?? "").replaceAll(/file:\/\/\/[^\s):]+/g, (url) => fileURLToPath(url));
  const lines = stack.split("\n");
  const frames = lines.filter((line) => /^\s+at /.test(line) && isUserFrame(line));
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  const head = (firstFrame < 0 ? lines : lines.slice(0, firstFrame)).join("\n").trimEnd();
  // Node puts `file:line` and the line itself before a syntax error.
  if (/^\/[^\n]*:\d+\n/.test(head)) return [head, ...frames].join("\n");
  const origin = where(error, frames) ?? (error instanceof SyntaxError ? lastFile : null);
  return [...(origin === null ? [] : [origin]), head, ...frames].join("\n");
}

/** `path:line:column` of the innermost user frame; for a failed import, the file that has the import. */
function where(error: Error, frames: string[]): string | null {
  const importer = / imported from (\/.*)$/.exec(error.message)?.[1];
  if (importer !== undefined) return importer;
  for (const frame of frames) {
    const at = frameLocation(frame);
    if (at !== null) return `${at.path}:${at.line}:${at.column}`;
  }
  return null;
}
