import { EXTRA_DEFINITIONS, type ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { TypescriptLocation } from "./location.ts";

/** A location as code servers and run workers take it; definitions of manifests travel in its environment. */
export function toSource(
  { name, file, attribute, workingDirectory, env }: TypescriptLocation,
  extra: ExtraDefinitions | undefined,
) {
  return {
    name,
    file,
    workingDirectory,
    env: { ...env, ...(extra ? { [EXTRA_DEFINITIONS]: JSON.stringify(extra) } : {}) },
    ...(attribute === undefined ? {} : { attribute }),
  };
}
