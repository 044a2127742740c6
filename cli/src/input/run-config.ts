import { readFileSync } from "node:fs";
import { InvalidInput } from "@dagster-operator/engine";
import { readText } from "./file.ts";
import { SourceError } from "./source.ts";
import { readDocuments } from "./yaml.ts";

/**
 * Run config of `--config FILE` (YAML or JSON, `-` = stdin) or `--config-json TEXT`; undefined when neither is given.
 * @throws NotFound · SourceError · InvalidInput
 */
export function readRunConfig(from: {
  config?: string;
  configJson?: string;
}): Record<string, unknown> | undefined {
  if (from.config !== undefined && from.configJson !== undefined)
    throw new InvalidInput("--config and --config-json are given; one is enough");
  if (from.configJson !== undefined) return mapping("--config-json", from.configJson);
  if (from.config === undefined) return undefined;
  return from.config === "-"
    ? mapping("<stdin>", readFileSync(0, "utf8"))
    : mapping(from.config, readText(from.config));
}

function mapping(name: string, text: string): Record<string, unknown> {
  const documents = readDocuments(name, text);
  const [document] = documents;
  if (!document) return {};
  if (documents.length > 1)
    throw new InvalidInput(`${name} holds ${documents.length} documents; run config is one`);
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new SourceError([
      document.issue([], "run config is a mapping: {ops: …, resources: …, execution: …}"),
    ]);
  return value as Record<string, unknown>;
}
