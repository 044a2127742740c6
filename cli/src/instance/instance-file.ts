/** dagster.yaml: the settings of an instance in Dagster's own keys. What would mean something else here is refused. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type InstanceConfig,
  InstanceSchema,
  ignoredKeys,
  instanceConfig,
  instanceIssues,
} from "@dagster-operator/engine";
import { readText } from "../input/file.ts";
import { SourceError } from "../input/source.ts";
import { check, readDocuments } from "../input/yaml.ts";

export interface InstanceSettings extends InstanceConfig {
  /** Keys that are given and have no effect, each with why. */
  notes: string[];
}

export const DEFAULT_SETTINGS: InstanceSettings = { ...instanceConfig({}), notes: [] };

/** Settings of `path`, or of `dagster.yaml` in the folder when that is there. @throws NotFound · SourceError */
export function readInstanceFile(
  path: string | undefined,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): InstanceSettings {
  const file = path ?? join(folder, "dagster.yaml");
  if (path === undefined && !existsSync(file)) return DEFAULT_SETTINGS;
  const [document] = readDocuments(file, readText(file));
  if (!document) return DEFAULT_SETTINGS;
  const value = check(document, InstanceSchema);
  const issues = instanceIssues(value, env);
  if (issues.length > 0)
    throw new SourceError(
      issues.map(({ path: at, message }) =>
        document.issue(
          at.split(".").map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
          message,
          true,
        ),
      ),
    );
  return { ...instanceConfig(value, env), notes: ignoredKeys(value).map((note) => `dagster.yaml: ${note}`) };
}
