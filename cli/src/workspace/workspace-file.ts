/** workspace.yaml in Dagster's own shape, with `typescript_file` and `typescript_module` beside its Python entries. */
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { readText } from "../input/file.ts";
import { SourceError, type SourceIssue } from "../input/source.ts";
import { check, readDocuments, type SourceDocument } from "../input/yaml.ts";
import {
  absolute,
  fileProblem,
  type LocationSpec,
  locationNames,
  readEnvFile,
  resolveModule,
} from "./location.ts";

const name = z.string().min(1);
/** A string, or `{env: NAME}` as Dagster allows it. */
const fromEnv = z.union([z.string(), z.number(), z.strictObject({ env: z.string() })]);

const typescript = {
  location_name: name.optional(),
  /** Named export; default: the default export. */
  attribute: name.optional(),
  /** Default: the folder of workspace.yaml. */
  working_directory: z.string().optional(),
  env_file: z.string().optional(),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).optional(),
};
const python = {
  location_name: name.optional(),
  attribute: name.optional(),
  working_directory: z.string().optional(),
  executable_path: z.string().optional(),
};
/** `kind: x` is short for `kind: {<field>: x}`. */
const named = <T extends z.ZodRawShape>(field: string, shape: T) =>
  z
    .preprocess((value) => (typeof value === "string" ? { [field]: value } : value), z.strictObject(shape))
    .optional();
const Entry = z.strictObject({
  typescript_file: named("relative_path", { relative_path: name, ...typescript }),
  typescript_module: named("module_name", { module_name: name, ...typescript }),
  python_file: named("relative_path", { relative_path: name, ...python }),
  python_module: named("module_name", { module_name: name, ...python }),
  python_package: named("package_name", { package_name: name, ...python }),
  grpc_server: z
    .strictObject({
      host: fromEnv.optional(),
      port: fromEnv.optional(),
      socket: fromEnv.optional(),
      location_name: name.optional(),
      ssl: z.boolean().optional(),
      additional_metadata: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
const WorkspaceFile = z.strictObject({ load_from: z.array(Entry).nullable() });
type Entry = z.infer<typeof Entry>;

const LATER =
  "The Python bridge comes in a later version of dagster-operator; this location is listed, but cannot be loaded yet.";

/** Reads the file and what it names. @throws NotFound · SourceError with every problem and its line and column */
export function readWorkspaceFile(path: string): LocationSpec[] {
  const [document] = readDocuments(path, readText(path));
  if (!document) return [];
  const { load_from: entries } = check(document, WorkspaceFile);
  const folder = dirname(absolute(path, "."));
  const issues: SourceIssue[] = [];
  const specs = (entries ?? []).map((entry, index) =>
    toSpec(entry, ["load_from", index], { folder, document, issues }),
  );
  const unnamed = specs.filter((spec) => spec?.kind === "typescript" && spec.name === "");
  const names = locationNames(
    unnamed.map((spec) => (spec?.kind === "typescript" ? spec.file : "")),
    folder,
  );
  for (const [index, spec] of unnamed.entries()) if (spec) spec.name = names[index] ?? "";
  const seen = new Map<string, number>();
  for (const [index, spec] of specs.entries()) {
    if (!spec) continue;
    const first = seen.get(spec.name);
    if (first === undefined) seen.set(spec.name, index);
    else
      issues.push(
        document.issue(
          ["load_from", index],
          `two locations are named "${spec.name}" (the other on line ${document.place(["load_from", first]).line}); set location_name on one of them`,
        ),
      );
  }
  if (issues.length > 0) throw new SourceError(issues);
  return specs.filter((spec) => spec !== null);
}

interface Context {
  folder: string;
  document: SourceDocument;
  issues: SourceIssue[];
}

/** null = it went into `issues`. */
function toSpec(entry: Entry, path: PropertyKey[], context: Context): LocationSpec | null {
  const kinds = Object.keys(entry);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const found = kinds.length === 0 ? "none" : kinds.join(" and ");
    return fail(context, path, `one entry names one code location, this one names ${found}`);
  }
  const here = [...path, kind];
  if (entry.typescript_file)
    return typescriptSpec(entry.typescript_file, entry.typescript_file.relative_path, here, context);
  if (entry.typescript_module)
    return typescriptSpec(entry.typescript_module, entry.typescript_module.module_name, here, context);
  if (entry.grpc_server) {
    const { host = "localhost", port, socket, location_name } = entry.grpc_server;
    if (port === undefined && socket === undefined)
      return fail(context, here, "a grpc_server needs a port or a socket");
    const address = socket === undefined ? `${text(host)}:${text(port ?? "")}` : text(socket);
    return later(location_name ?? `grpc:${address}`, "grpc_server", address);
  }
  const target =
    entry.python_file?.relative_path ??
    entry.python_module?.module_name ??
    entry.python_package?.package_name ??
    "";
  const given = entry.python_file ?? entry.python_module ?? entry.python_package;
  return later(given?.location_name ?? (entry.python_file ? basename(target) : target), kind, target);
}

const later = (name: string, kind: string, target: string): LocationSpec => ({
  kind: "unsupported",
  name,
  source: { [kind]: target },
  message: `The ${kind} ${target} is Dagster Python. ${LATER}`,
});

function typescriptSpec(
  options: {
    module_name?: string;
    location_name?: string | undefined;
    attribute?: string | undefined;
    working_directory?: string | undefined;
    env_file?: string | undefined;
    env?: Record<string, string> | undefined;
  },
  target: string,
  path: PropertyKey[],
  context: Context,
): LocationSpec | null {
  const { folder } = context;
  const workingDirectory = absolute(options.working_directory ?? ".", folder);
  if (!existsSync(workingDirectory))
    return fail(context, [...path, "working_directory"], `the folder ${workingDirectory} does not exist`);
  const module = options.module_name !== undefined;
  const targetPath = [...path, module ? "module_name" : "relative_path"];
  let file: string;
  try {
    file = module ? resolveModule(target, workingDirectory) : absolute(target, folder);
  } catch (error) {
    return fail(context, targetPath, error instanceof Error ? error.message : String(error));
  }
  const problem = fileProblem(file);
  if (problem) return fail(context, targetPath, problem);
  const envFile = options.env_file === undefined ? null : absolute(options.env_file, folder);
  if (envFile !== null && !existsSync(envFile))
    return fail(context, [...path, "env_file"], `the file ${envFile} does not exist`);
  return {
    kind: "typescript",
    name: options.location_name ?? (module ? target : ""),
    file,
    attribute: options.attribute,
    workingDirectory,
    envFile: envFile ?? undefined,
    env: { ...(envFile === null ? {} : readEnvFile(envFile)), ...options.env },
  };
}

function fail(context: Context, path: PropertyKey[], message: string): null {
  context.issues.push(context.document.issue(path, message));
  return null;
}

const text = (value: z.infer<typeof fromEnv>) =>
  typeof value === "object" ? (process.env[value.env] ?? `$${value.env}`) : String(value);
