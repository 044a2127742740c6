/** A code location as the command line, workspace.yaml or a manifest names it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parseEnv } from "node:util";
import { InvalidInput, NotFound } from "@dagster-operator/engine";
import { isFolder, readText } from "../input/file.ts";

export interface TypescriptLocation {
  kind: "typescript";
  name: string;
  /** Absolute. */
  file: string;
  /** Export that holds the Definitions; absent = the default export, or the only one. */
  attribute?: string | undefined;
  /** Absolute; where the user's code runs. */
  workingDirectory: string;
  /** Absolute; where some of `env` comes from. */
  envFile?: string | undefined;
  /** On top of our own environment. */
  env: Record<string, string>;
}

/** Accepted and shown as an error of the location, because this version cannot run it. */
export interface UnsupportedLocation {
  kind: "unsupported";
  name: string;
  source: Record<string, string>;
  message: string;
}

export type LocationSpec = TypescriptLocation | UnsupportedLocation;

/** What is wrong with the file of a location, or null. */
export function fileProblem(file: string): string | null {
  if (!existsSync(file)) return `the file ${file} does not exist`;
  if (isFolder(file)) return `${file} is a folder; name the file that exports the Definitions`;
  if (/\.(ts|mts|cts|js|mjs|cjs)$/.test(file)) return null;
  return file.endsWith(".py")
    ? `${file} is Python; this version runs TypeScript and JavaScript, the Python bridge comes in a later one`
    : `${file} is not TypeScript or JavaScript (.ts, .mts, .js, .mjs)`;
}

/** File of a module as the user's own code would import it. @throws NotFound */
export function resolveModule(module: string, workingDirectory: string): string {
  const require = createRequire(join(workingDirectory, "dagsterctl.cjs"));
  for (const name of module.startsWith(".") || isAbsolute(module) ? [module] : [module, `./${module}`])
    for (const suffix of ["", ".ts", "/definitions.ts", "/index.ts"])
      try {
        const file = require.resolve(name + suffix);
        if (!isFolder(file)) return file;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED" && suffix === "")
          throw new InvalidInput(
            `the package of module "${module}" does not export it (its package.json "exports")`,
          );
      }
  throw new NotFound("Module", `"${module}"`, `looked for a package and for a file from ${workingDirectory}`);
}

/** Variables of a dotenv file. @throws NotFound */
export function readEnvFile(file: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parseEnv(readText(file))).map(([key, value]) => [key, value ?? ""]),
  );
}

/** Gives each file a name that no other has: its base name, as in Dagster, or its path from `from` where that is taken. */
export function locationNames(files: string[], from: string): string[] {
  const short = files.map((file) => basename(file));
  return files.map((file, index) => {
    const name = short[index] ?? file;
    if (short.filter((other) => other === name).length === 1) return name;
    const path = relative(from, file);
    return path.startsWith("..") ? join(basename(dirname(file)), name) : path;
  });
}

export const absolute = (path: string, from: string) => resolve(from, path);
