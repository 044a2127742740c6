/** The shape of a job's run config: its JSON Schema, its problems, and the parts that steps ask for. */
import { z } from "zod";
import type { LoggerDefinition } from "../logger/logger.ts";
import type { JsonSchema } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import type { ConfigMapping } from "../op/config-mapping.ts";
import type { AnyNode } from "../op/node.ts";
import type { ResourceDefinition } from "../resource/resource.ts";
import { type ConfigIssue, configIssues, configOr, jsonSchema } from "./json-schema.ts";
import { BLOCKS, mapped, ownConfig } from "./mapped-config.ts";
import { resourceConfigIssues, resourceConfigSchema } from "./resource-config.ts";

/** What a run config of one job may speak of. */
export interface ConfigTarget {
  /** Nodes by the name that they have in the job. */
  nodes: Map<string, AnyNode>;
  resources: Map<string, ResourceDefinition>;
  /** Of the resources, those that the job opens; the others may be configured and need not be. */
  needed: ReadonlySet<string>;
  /** True when any part may run alone, so that config that is missing is only missed by the step that needs it. */
  partial: boolean;
  /** That it may write to. */
  loggers: ReadonlyMap<string, LoggerDefinition>;
  /** The job's own config in the place of `ops`. */
  mapping?: ConfigMapping | undefined;
}

const ExecutionConfig = z
  .strictObject({
    in_process: z
      .strictObject({ retries: z.unknown().optional() })
      .optional()
      .describe("All steps in the run's own process, one after another"),
    multiprocess: z
      .strictObject({
        max_concurrent: z.number().int().min(0).optional().describe("Steps at once; 0 or absent = one a CPU"),
        retries: z.unknown().optional(),
      })
      .optional()
      .describe("Each step in a process of its own"),
    k8s_job: z
      .looseObject({ max_concurrent: z.number().int().min(1).optional() })
      .optional()
      .describe("Each step in a pod of its own"),
  })
  .refine((value) => Object.keys(value).length <= 1, "names more than one executor: choose one");

type Properties = Record<string, JsonSchema>;
const closed = (properties: Properties, required: string[] = []): JsonSchema => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
});

const mustBeGiven = (schema: z.ZodType): boolean => !schema.safeParse(configOr(schema, undefined)).success;

/** Schema under `ops` for these nodes, and whether something in it must be given; null when nothing can be. */
function opsSchema(
  nodes: Iterable<readonly [string, AnyNode]>,
  partial: boolean,
): { schema: JsonSchema; required: boolean } | null {
  const properties: Properties = {};
  const required: string[] = [];
  for (const [name, node] of nodes) {
    if (node.type === "graph") {
      if (node.mapping !== undefined) {
        const must = !partial && mustBeGiven(node.mapping.schema);
        properties[name] = closed({ config: jsonSchema(node.mapping.schema) }, must ? ["config"] : []);
        if (must) required.push(name);
        continue;
      }
      const inner = opsSchema(innerNodes(node), partial);
      if (inner === null) continue;
      properties[name] = closed({ ops: inner.schema }, inner.required ? ["ops"] : []);
      if (inner.required) required.push(name);
    } else {
      const parts: Properties = {};
      const needed: string[] = [];
      if (node.config !== undefined) {
        parts.config = jsonSchema(node.config);
        if (!partial && mustBeGiven(node.config)) needed.push("config");
      }
      const inputs = runInputs(node);
      if (inputs.length > 0) {
        const must = partial ? [] : inputs.filter(({ schema }) => !schema.safeParse(undefined).success);
        parts.inputs = closed(
          Object.fromEntries(inputs.map((input) => [input.name, jsonSchema(input.schema)])),
          must.map((input) => input.name),
        );
        if (must.length > 0) needed.push("inputs");
      }
      if (Object.keys(parts).length === 0) continue;
      properties[name] = closed(parts, needed);
      if (needed.length > 0) required.push(name);
    }
  }
  if (Object.keys(properties).length === 0) return null;
  return { schema: closed(properties, required), required: required.length > 0 };
}

/** The nodes of a graph by name; of an op only those inputs from run config that its call leaves open. */
export const innerNodes = (graph: Extract<AnyNode, { type: "graph" }>) =>
  graph.nodes.map(({ name, def, inputs: given }): readonly [string, AnyNode] => {
    if (def.type === "graph" || !def.inputs.some(({ fromRun }) => fromRun)) return [name, def];
    return [
      name,
      { ...def, inputs: def.inputs.filter((spec) => !spec.fromRun || given[spec.name] === undefined) },
    ];
  });

const runInputs = ({ inputs }: Extract<AnyNode, { type: "op" }>) =>
  inputs.flatMap(({ name, schema, fromRun }) => (fromRun && schema ? [{ name, schema }] : []));

/** Problems of the inputs that run config gives an op. */
function inputIssues(node: Extract<AnyNode, { type: "op" }>, given: unknown, path: string): ConfigIssue[] {
  const inputs = runInputs(node);
  const values = given ?? {};
  if (!isRecord(values)) return notObject(path);
  return [
    ...only(
      values,
      inputs.map(({ name }) => name),
      path,
    ),
    ...inputs.flatMap(({ name, schema }) => configIssues(schema, values[name], `${path}.${name}`)),
  ];
}

export function runConfigSchema(target: ConfigTarget): JsonSchema {
  const ops = opsSchema(target.nodes, target.partial);
  const resources: Properties = {};
  const requiredResources: string[] = [];
  for (const [name, definition] of target.resources) {
    const schema = resourceConfigSchema(definition);
    if (schema === null) continue;
    const must =
      !target.partial &&
      target.needed.has(name) &&
      resourceConfigIssues(definition, undefined, "").length > 0;
    resources[name] = closed({ config: schema }, must ? ["config"] : []);
    if (must) requiredResources.push(name);
  }
  const { mapping } = target;
  if (mapping !== undefined) {
    const own = jsonSchema(mapping.schema);
    return {
      ...own,
      properties: {
        ...(own.properties as Properties | undefined),
        resources: closed(resources),
        execution: closed({ config: jsonSchema(ExecutionConfig) }),
        loggers: loggersSchema(target),
      },
    };
  }
  return closed(
    {
      ops: ops?.schema ?? closed({}),
      resources: closed(resources, requiredResources),
      execution: closed({ config: jsonSchema(ExecutionConfig) }),
      loggers: loggersSchema(target),
    },
    [...(ops?.required ? ["ops"] : []), ...(requiredResources.length > 0 ? ["resources"] : [])],
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function unknown(path: string, key: string, known: string[]): ConfigIssue {
  return {
    path: `${path === "" ? "" : `${path}.`}${key}`,
    message: `is unknown${didYouMean(key, known) || `; known are ${known.slice(0, 12).join(", ") || "none"}`}`,
  };
}

function only(value: Record<string, unknown>, known: string[], path: string): ConfigIssue[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => unknown(path, key, known));
}

const notObject = (path: string): ConfigIssue[] => [{ path, message: "must be an object" }];

function opsIssues(
  nodes: ReadonlyMap<string, AnyNode>,
  given: unknown,
  path: string,
  partial: boolean,
): ConfigIssue[] {
  const value = given ?? {};
  if (!isRecord(value)) return notObject(path);
  const issues: ConfigIssue[] = [];
  for (const name of Object.keys(value))
    if (!nodes.has(name)) issues.push(unknown(path, name, [...nodes.keys()]));
  for (const [name, node] of nodes) {
    const here = `${path}.${name}`;
    const own = value[name];
    if (own === undefined && partial) continue;
    const part = own ?? {};
    if (!isRecord(part)) issues.push(...notObject(here));
    else if (node.type === "graph" && node.mapping !== undefined) {
      issues.push(...only(part, ["config"], here));
      const made = mapped(node.mapping, part.config, `${here}.config`);
      if ("issues" in made) issues.push(...made.issues);
      else
        issues.push(
          ...madeIssues(name, opsIssues(new Map(innerNodes(node)), made.value, `${here}.ops`, partial)),
        );
    } else if (node.type === "graph")
      issues.push(
        ...only(part, ["ops"], here),
        ...opsIssues(new Map(innerNodes(node)), part.ops, `${here}.ops`, partial),
      );
    else {
      issues.push(...only(part, ["config", ...(part.inputs === undefined ? [] : ["inputs"])], here));
      issues.push(...inputIssues(node, part.inputs, `${here}.inputs`));
      if (node.config !== undefined)
        issues.push(...configIssues(node.config, configOr(node.config, part.config), `${here}.config`));
      else if (
        part.config !== undefined &&
        !(isRecord(part.config) && Object.keys(part.config).length === 0)
      ) {
        issues.push({
          path: `${here}.config`,
          message: `op ${node.name} takes no config: give its definition a config schema, or leave this out`,
        });
      }
    }
  }
  return issues;
}

/** Problems of a config that nobody wrote, told as those of the mapping that made it. */
const madeIssues = (name: string, issues: ConfigIssue[]): ConfigIssue[] =>
  issues.map(({ path, message }) => ({
    path,
    message: `${message} (made by the config mapping of ${name})`,
  }));

/** Every problem of a run config, each with its path from the root. */
export function runConfigIssues(target: ConfigTarget, runConfig: Record<string, unknown>): ConfigIssue[] {
  const { mapping } = target;
  if (mapping === undefined) return blockIssues(target, runConfig);
  const made = mapped(mapping, ownConfig(runConfig), "");
  if ("issues" in made) return made.issues;
  const { ops: _, ...blocks } = runConfig;
  const given = Object.fromEntries(Object.entries(blocks).filter(([key]) => BLOCKS.includes(key)));
  const inner = madeIssues("the job", blockIssues({ ...target, partial: false }, made.value));
  return [
    ...blockIssues({ ...target, partial: true }, given),
    ...inner.filter(({ path }) => {
      const [block, name] = path.split(".");
      return (
        block !== "resources" ||
        !isRecord(given.resources) ||
        !(name !== undefined && name in given.resources)
      );
    }),
  ];
}

function blockIssues(target: ConfigTarget, runConfig: Record<string, unknown>): ConfigIssue[] {
  const issues = only(runConfig, ["ops", "resources", "execution", "loggers"], "");
  issues.push(...opsIssues(target.nodes, runConfig.ops, "ops", target.partial));
  const resources = runConfig.resources ?? {};
  if (!isRecord(resources)) issues.push(...notObject("resources"));
  else {
    issues.push(...only(resources, [...target.resources.keys()], "resources"));
    for (const [name, definition] of target.resources) {
      const here = `resources.${name}`;
      const part = resources[name] ?? {};
      if (!isRecord(part)) issues.push(...notObject(here));
      else {
        issues.push(...only(part, ["config"], here));
        if (definition.schema === undefined && part.config !== undefined)
          issues.push({ path: `${here}.config`, message: `resource ${name} takes no config` });
        if (resources[name] !== undefined || (target.needed.has(name) && !target.partial))
          issues.push(...resourceConfigIssues(definition, part.config, `${here}.config`));
      }
    }
  }
  const { execution } = runConfig;
  if (execution !== undefined) {
    if (!isRecord(execution)) issues.push(...notObject("execution"));
    else
      issues.push(
        ...only(execution, ["config"], "execution"),
        ...configIssues(ExecutionConfig, execution.config ?? {}, "execution.config"),
      );
  }
  issues.push(...loggerIssues(target, runConfig.loggers ?? {}));
  return issues;
}

/** Names are optional: a run writes to those that its config names. */
const loggersSchema = ({ loggers }: ConfigTarget): JsonSchema =>
  closed(
    Object.fromEntries(
      [...loggers].map(([name, { schema, description }]) => [
        name,
        {
          ...closed(schema ? { config: jsonSchema(schema) } : {}),
          ...(description === undefined ? {} : { description }),
        },
      ]),
    ),
  );

function loggerIssues({ loggers }: ConfigTarget, given: unknown): ConfigIssue[] {
  if (!isRecord(given)) return notObject("loggers");
  const issues = only(given, [...loggers.keys()], "loggers");
  for (const [name, { schema }] of loggers) {
    const here = `loggers.${name}`;
    const part = given[name];
    if (part === undefined) continue;
    if (part !== null && !isRecord(part)) issues.push(...notObject(here));
    else if (schema !== undefined)
      issues.push(
        ...only(part ?? {}, ["config"], here),
        ...configIssues(schema, part?.config, `${here}.config`),
      );
    else issues.push(...only(part ?? {}, [], here));
  }
  return issues;
}
