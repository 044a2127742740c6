/** Module hooks under which a user's definitions load: TypeScript as written, one copy of the SDK, every local file noted. */
import { existsSync, statSync } from "node:fs";
import { type LoadHookSync, type ResolveHookSync, registerHooks } from "node:module";
import { dirname, resolve as resolvePath } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isFrameworkFile } from "./frames.ts";

/** What a change of which would make another load end differently. */
export interface WatchSet {
  /** Local files that were loaded, with the modification time (ms) that they had just before they were read. */
  files: { path: string; mtimeMs: number }[];
  /** Paths that an import asked for and that do not exist. */
  missing: string[];
}

/** Scheme under which the loader imports `module` targets, so that they resolve from the location's folder. */
export const MODULE_SCHEME = "dagster-operator-module:";

const SDK = "@dagster-operator/sdk";
const FALLBACK = /^(@dagster-operator\/|zod($|\/))/;
const IS_PATH = /^(\.{1,2}(\/|$)|\/|file:)/;
const TYPESCRIPT_OF: Record<string, string> = { ".js": ".ts", ".mjs": ".mts", ".cjs": ".cts" };

export interface Tracker {
  watch(): WatchSet;
  /** Path of the file read last: the guilty one when a syntax error does not say where it is. */
  lastFile(): string | null;
}

/** Installs the hooks for the rest of this process' life. `cwd` is where `module` targets are looked up from. */
export function installHooks(cwd: string): Tracker {
  const files = new Map<string, number>();
  const missing = new Set<string>();
  let last: string | null = null;

  const resolve: ResolveHookSync = (specifier, context, next) => {
    if (specifier.startsWith(MODULE_SCHEME)) {
      const parentURL = pathToFileURL(resolvePath(cwd, "definitions")).href;
      return next(specifier.slice(MODULE_SCHEME.length), { ...context, parentURL });
    }
    // Two copies of the SDK in one process would not know each other's classes: ours is the one.
    if (specifier === SDK || specifier.startsWith(`${SDK}/`))
      return next(specifier, { ...context, parentURL: import.meta.url });
    try {
      return next(specifier, context);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (IS_PATH.test(specifier)) {
        const wanted = pathOf(specifier, context.parentURL);
        const found = wanted === null ? undefined : candidates(wanted).find(isFile);
        if (found !== undefined) return next(pathToFileURL(found).href, context);
        if (wanted !== null) missing.add(wanted);
      } else if (FALLBACK.test(specifier) && context.parentURL !== import.meta.url) {
        try {
          return next(specifier, { ...context, parentURL: import.meta.url });
        } catch (ours) {
          if (!isNotFound(ours)) throw ours;
        }
      }
      throw error;
    }
  };

  const load: LoadHookSync = (url, context, next) => {
    const path = url.startsWith("file:") ? fileURLToPath(url) : null;
    if (path === null || path.includes("/node_modules/") || isFrameworkFile(path)) return next(url, context);
    last = path;
    files.set(path, statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    // `npm init` writes `"type": "commonjs"`, and without a type Node warns and parses twice; definitions are modules always.
    return next(url, path.endsWith(".ts") ? { ...context, format: "module-typescript" } : context);
  };

  registerHooks({ resolve, load });
  return {
    watch: () => ({ files: [...files].map(([path, mtimeMs]) => ({ path, mtimeMs })), missing: [...missing] }),
    lastFile: () => last,
  };
}

function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    code === "ERR_MODULE_NOT_FOUND" || code === "ERR_UNSUPPORTED_DIR_IMPORT" || code === "MODULE_NOT_FOUND"
  );
}

function pathOf(specifier: string, parentURL: string | undefined): string | null {
  if (specifier.startsWith("file:")) return fileURLToPath(specifier);
  if (specifier.startsWith("/")) return specifier;
  return parentURL?.startsWith("file:") ? resolvePath(dirname(fileURLToPath(parentURL)), specifier) : null;
}

/** What TypeScript and bundlers would have found under this path. */
function candidates(path: string): string[] {
  const extension = /\.[cm]?js$/.exec(path)?.[0];
  const twin = extension === undefined ? [] : [path.slice(0, -extension.length) + TYPESCRIPT_OF[extension]];
  const endings = [
    ".ts",
    ".mts",
    ".js",
    ".mjs",
    ".json",
    "/index.ts",
    "/index.mts",
    "/index.js",
    "/index.mjs",
  ];
  return [...twin, ...endings.map((ending) => path + ending)];
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
