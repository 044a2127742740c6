import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Definitions,
  type DefinitionsSnapshot,
  type ErrorInfo,
  isDefinitions,
  withExtraDefinitions,
} from "@dagster-operator/sdk/internal";
import { z } from "zod";
import { addFrameworkPackage, addUserFile } from "./frames.ts";
import { installHooks, MODULE_SCHEME, type Tracker, type WatchSet } from "./resolve.ts";
import { userError } from "./user-error.ts";

/** Which `Definitions` to load: a file (relative to the working folder) or a module specifier, and optionally the export's name. */
export const DefinitionsTarget = z.union([
  z.strictObject({ file: z.string().min(1), attribute: z.string().min(1).optional() }),
  z.strictObject({ module: z.string().min(1), attribute: z.string().min(1).optional() }),
]);
export type DefinitionsTarget = z.infer<typeof DefinitionsTarget>;

export type LoadOutcome =
  | { kind: "loaded"; definitions: Definitions; snapshot: DefinitionsSnapshot; watch: WatchSet }
  | { kind: "failed"; error: ErrorInfo; watch: WatchSet };

let tracker: Tracker | undefined;

/**
 * Imports the user's module and finds its `Definitions`: the export named `attribute`, or the default export, or the only
 * exported one. Never rejects: whatever is wrong with the user's code is the outcome `failed`. One load a process, since
 * modules stay cached: a changed file needs a fresh process.
 */
export async function loadDefinitions(target: DefinitionsTarget, cwd = process.cwd()): Promise<LoadOutcome> {
  addFrameworkPackage(import.meta.resolve("@dagster-operator/sdk"));
  addFrameworkPackage(import.meta.resolve("@dagster-operator/engine"));
  tracker ??= installHooks(cwd);
  const hooks = tracker;
  const place = "file" in target ? resolve(cwd, target.file) : target.module;
  if ("file" in target) addUserFile(place);
  try {
    const url = isAbsolute(place) ? pathToFileURL(place).href : MODULE_SCHEME + place;
    const exported: Record<string, unknown> = await import(url);
    const definitions = withExtraDefinitions(pick(exported, place, target.attribute));
    return { kind: "loaded", definitions, snapshot: definitions.snapshot(), watch: hooks.watch() };
  } catch (thrown) {
    const watch = hooks.watch();
    if ("file" in target && watch.files.length === 0 && watch.missing.includes(place)) {
      return {
        kind: "failed",
        error: {
          name: "LoadError",
          message: `${place} does not exist: correct the path, or create the file`,
        },
        watch,
      };
    }
    return { kind: "failed", error: userError(thrown, hooks.lastFile()), watch };
  }
}

class NoDefinitions extends Error {
  override name = "LoadError";
}

function pick(exported: Record<string, unknown>, place: string, attribute: string | undefined): Definitions {
  const found = Object.keys(exported).filter((name) => isDefinitions(exported[name]));
  if (attribute !== undefined) {
    const value = exported[attribute];
    if (isDefinitions(value)) return value;
    const names = Object.keys(exported).join(", ") || "nothing";
    throw new NoDefinitions(
      attribute in exported
        ? `the export ${attribute} of ${place} is no Definitions`
        : `${place} has no export ${attribute}; it exports ${names}`,
    );
  }
  if (isDefinitions(exported.default)) return exported.default;
  const values = new Set(found.map((name) => exported[name]));
  if (values.size > 1) {
    throw new NoDefinitions(
      `${place} exports several Definitions (${found.join(", ")}): make one the default export, or name one as the attribute`,
    );
  }
  const [only] = values;
  if (isDefinitions(only)) return only;
  throw new NoDefinitions(
    `${place} exports no Definitions: write \`export default new Definitions({ assets: […] })\` with Definitions from @dagster-operator/sdk`,
  );
}
