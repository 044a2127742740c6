/** A resource's config: what the definition configured, what run config adds, and environment variables in both. */

import type { JsonSchema } from "../model/definitions.ts";
import type { EnvVar } from "../resource/env.ts";
import type { ResourceDefinition } from "../resource/resource.ts";
import { kindOf } from "../source.ts";
import { type ConfigIssue, configIssues, jsonSchema } from "./json-schema.ts";

const isEnv = (value: unknown): value is EnvVar => kindOf(value) === "env";
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  kindOf(value) === undefined &&
  !(value instanceof Date);

/** A copy with each reference to the environment replaced. */
function replaceEnv(
  value: unknown,
  replace: (reference: EnvVar, path: string) => unknown,
  path = "",
): unknown {
  if (isEnv(value)) return replace(value, path);
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item, index) => replaceEnv(item, replace, `${path}[${index}]`));
  if (isPlain(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, replaceEnv(item, replace, below(key))]),
    );
  return value;
}

/** For the page: names of variables, never their values. */
export function shownConfig(definition: ResourceDefinition): Record<string, unknown> {
  const shown = replaceEnv(definition.values ?? {}, ({ variable }) => ({ env: variable }));
  return isPlain(shown) ? shown : { value: shown };
}

const merge = (base: unknown, over: unknown): unknown => {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const key in over) merged[key] = merge(base[key], over[key]);
  return merged;
};

/** Schema of `resources.<name>.config`: what the definition has configured need not be given again. */
export function resourceConfigSchema(definition: ResourceDefinition): JsonSchema | null {
  if (definition.schema === undefined) return null;
  const full = jsonSchema(definition.schema);
  if (definition.values === undefined || !Array.isArray(full.required)) return full;
  const configured = isPlain(definition.values)
    ? Object.keys(definition.values)
    : (full.required as string[]);
  const { required, ...rest } = full;
  const still = (required as string[]).filter((key) => !configured.includes(key));
  return still.length === 0 ? rest : { ...rest, required: still };
}

/** Problems that are known without the environment of the run: what stands at a variable's place is not judged. */
export function resourceConfigIssues(
  definition: ResourceDefinition,
  given: unknown,
  path: string,
): ConfigIssue[] {
  if (definition.schema === undefined) return [];
  const unknown: string[] = [];
  const merged = replaceEnv(merge(definition.values ?? {}, given), ({ fallback }, at) => {
    unknown.push(at === "" ? path : `${path}.${at}`);
    return fallback;
  });
  return configIssues(definition.schema, merged, path).filter(
    (issue) => !unknown.some((at) => issue.path === at || issue.path.startsWith(`${at}.`)),
  );
}

/** A resource that cannot be configured: says which field, and the variable if it is one's fault. */
class ResourceConfigError extends Error {
  override name = "ResourceConfigError";
}

function read(resource: string, field: string, reference: EnvVar): unknown {
  const { variable, parse, fallback } = reference;
  const text = process.env[variable];
  const where = `resource ${resource}${field === "" ? "" : `, field ${field}`}`;
  if (text === undefined) {
    if (fallback !== undefined) return fallback;
    throw new ResourceConfigError(
      `${where}: environment variable ${variable} is not set where this step runs — set it there, or give env("${variable}") a default`,
    );
  }
  if (parse === "string") return text;
  if (parse === "number") {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number)) return number;
    throw new ResourceConfigError(`${where}: environment variable ${variable} does not hold a number`);
  }
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new ResourceConfigError(`${where}: environment variable ${variable} does not hold true or false`);
}

/** The parsed config that `create` gets, in this process' environment. @throws ResourceConfigError */
export function resolveResourceConfig(name: string, definition: ResourceDefinition, given: unknown): unknown {
  const { schema } = definition;
  if (schema === undefined) return undefined;
  const value = replaceEnv(merge(definition.values ?? {}, given), (reference, field) =>
    read(name, field, reference),
  );
  const issues = configIssues(schema, value, "");
  if (issues.length === 0) return schema.parse(value);
  const list = issues.map(({ path, message }) => `${path === "" ? "config" : path}: ${message}`).join("; ");
  throw new ResourceConfigError(
    `resource ${name} is wrongly configured — ${list}. Give it in Definitions or in run config under resources.${name}.config`,
  );
}
