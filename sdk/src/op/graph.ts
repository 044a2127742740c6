import type { z } from "zod";
import { definitionSite, type KIND, kindOf } from "../source.ts";
import {
  type CallOptions,
  compose,
  type GraphBuilder,
  graphInput,
  type Handle,
  type MappedHandle,
} from "./composition.ts";
import { configMapping, type MappedConfig, type OpsConfig } from "./config-mapping.ts";
import { type InSpecs, type InValues, inputSpec } from "./io-spec.ts";
import type { GraphNode } from "./node.ts";
import { type Call, callable } from "./op.ts";

/** What a body may return: the handle of its one output, one by output name, or nothing. */
export type GraphResult =
  | { readonly [KIND]: "handle" }
  | Readonly<Record<string, { readonly [KIND]: "handle" }>>
  // biome-ignore lint/suspicious/noConfusingVoidType: a body without a return statement has type void
  | void
  | undefined;
export type GraphHandles<I> = {
  readonly [K in keyof I]: K extends keyof InValues<I> ? Handle<InValues<I>[K]> : Handle;
};

/** A graph: ops put together; called in the body of another graph or job as an op is. */
export type GraphDefinition<I = never, H = unknown> = Call<I, H> & {
  readonly [KIND]: "graph";
  readonly node: GraphNode;
  /** The same graph under another name; tags and hooks are for all steps in it. */
  as(alias: string, options?: Omit<CallOptions, "alias">): Call<I, H>;
};

export interface GraphOptions<I extends InSpecs, C extends z.ZodType | undefined = z.ZodType | undefined>
  extends MappedConfig<C, OpsConfig> {
  description?: string;
  inputs?: I;
}

/** Runs a body and reads off what it made. */
export function composeGraph(
  name: string,
  options: GraphOptions<InSpecs>,
  body: (handles: never) => GraphResult,
): { node: GraphNode; single: boolean } {
  const builder: GraphBuilder = { name, nodes: [], assets: [], mapOver: undefined };
  const inputs = Object.entries(options.inputs ?? {}).map(([key, spec]) => inputSpec(key, spec));
  const handles = Object.fromEntries(inputs.map((spec) => [spec.name, graphInput(builder, spec.name)]));
  const source = definitionSite();
  const result: unknown = compose(builder, () => body(handles as never));
  if (result instanceof Promise)
    throw new TypeError(
      `the body of graph ${name} is async: it only says how ops are put together, so nothing is awaited in it`,
    );
  const single = kindOf(result) === "handle";
  const returned = single ? [["result", result]] : Object.entries(result ?? {});
  const outputs = returned.map(([key, handle]) => {
    const { from, many } = handle as Handle | MappedHandle;
    if (kindOf(handle) !== "handle" || many || from.kind !== "output") {
      throw new TypeError(
        `output ${String(key)} of graph ${name} is not one value that an op call in its body gave`,
      );
    }
    return { name: String(key), node: from.node, output: from.output };
  });
  const { nodes, assets } = builder;
  const mapping = configMapping(`graph ${name}`, options);
  return {
    node: {
      type: "graph",
      name,
      description: options.description,
      inputs,
      outputs,
      nodes,
      mapping,
      assets,
      source,
    },
    single,
  };
}

/**
 * Defines a graph without inputs: the body, which runs once when it is defined, calls ops and graphs as functions on handles.
 * @example
 * const letters = graph("letters", () => greet({ names: fetchNames() }));
 */
export function graph<H extends GraphResult>(
  name: string,
  body: () => H,
): GraphDefinition<Record<never, never>, H>;
/**
 * Defines a graph: the body, which runs once when it is defined, calls ops and graphs as functions on handles.
 * @example
 * const clean = graph("clean", { inputs: { rows: input<Row[]>() } }, ({ rows }) => dedupe({ rows: trim({ rows }) }));
 */
export function graph<
  H extends GraphResult,
  I extends InSpecs = Record<never, never>,
  C extends z.ZodType | undefined = undefined,
>(name: string, options: GraphOptions<I, C>, body: (handles: GraphHandles<I>) => H): GraphDefinition<I, H>;
export function graph(
  name: string,
  optionsOrBody: GraphOptions<InSpecs> | (() => GraphResult),
  given?: (handles: never) => GraphResult,
): unknown {
  const options = typeof optionsOrBody === "function" ? {} : optionsOrBody;
  const body = typeof optionsOrBody === "function" ? optionsOrBody : given;
  if (body === undefined) throw new TypeError(`graph ${name} has no body`);
  const { node, single } = composeGraph(name, options, body);
  return callable("graph", node, single);
}
