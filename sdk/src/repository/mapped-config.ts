/** Run config behind config mappings: what each op gets. */
import type { ConfigMapping } from "../op/config-mapping.ts";
import type { AnyNode } from "../op/node.ts";
import { type ConfigIssue, configIssues, configOr } from "./json-schema.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Blocks of a run config that stand beside a job's own config, whatever that is. */
export const BLOCKS = ["ops", "resources", "execution", "loggers"];

type Mapped = { value: Record<string, unknown> } | { issues: ConfigIssue[] };

/** What the mapping makes of a config, or what is wrong with the config, or with what the mapping made. */
export function mapped(mapping: ConfigMapping, config: unknown, path: string): Mapped {
  const given = configOr(mapping.schema, config);
  const issues = configIssues(mapping.schema, given, path);
  if (issues.length > 0) return { issues };
  let value: unknown;
  try {
    value = mapping.map(mapping.schema.parse(given) as never);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { issues: [{ path, message: `its config mapping failed: ${reason}` }] };
  }
  return isRecord(value)
    ? { value }
    : { issues: [{ path, message: "its config mapping must return an object" }] };
}

/** A job's own config: what is beside the blocks that every run config has. */
export const ownConfig = (runConfig: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(runConfig).filter(([key]) => !BLOCKS.includes(key) || key === "ops"));

/** The run config that steps see: blocks that are given win over those that the job's mapping makes. */
export function effectiveRunConfig(
  mapping: ConfigMapping | undefined,
  runConfig: Record<string, unknown>,
): Record<string, unknown> {
  if (mapping === undefined) return runConfig;
  const made = mapped(mapping, ownConfig(runConfig), "");
  if ("issues" in made)
    throw new Error(
      made.issues.map(({ path, message }) => `${path === "" ? "config" : path}: ${message}`).join("; "),
    );
  const { resources = {}, execution, loggers } = runConfig;
  return {
    ops: made.value.ops,
    resources: { ...(made.value.resources as object | undefined), ...(resources as object) },
    ...(execution === undefined ? {} : { execution }),
    ...(loggers === undefined ? {} : { loggers }),
  };
}

/** What stands for one op in `ops`, by its path through graphs: `{ config, inputs }`. @throws when a mapping on the way does */
export function opEntry(
  nodes: ReadonlyMap<string, AnyNode>,
  ops: unknown,
  path: readonly string[],
): { config?: unknown; inputs?: unknown } {
  const [name = "", ...rest] = path;
  const part = isRecord(ops) && isRecord(ops[name]) ? ops[name] : {};
  const node = nodes.get(name);
  if (rest.length === 0 || node?.type !== "graph") return part;
  const inner = new Map(node.nodes.map((one) => [one.name, one.def]));
  if (node.mapping === undefined) return opEntry(inner, part.ops, rest);
  const made = mapped(node.mapping, part.config, "config");
  if ("issues" in made)
    throw new Error(
      `config of graph ${name} is wrong — ${made.issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ")}`,
    );
  return opEntry(inner, made.value, rest);
}
