/** The body of a graph runs once, when it is defined: calling an op there adds a node and gives handles to its outputs. */
import type { AssetDefinition } from "../asset/asset.ts";
import type { InputSource } from "../model/definitions.ts";
import { at, KIND, kindOf } from "../source.ts";
import type { HookDefinition } from "./hook.ts";
import type { AnyNode, GraphNode } from "./node.ts";

declare const VALUE: unique symbol;

/** What an op call in a graph body gives: stands for the value that the output will have. */
export interface Handle<T = unknown> {
  readonly [KIND]: "handle";
  readonly [VALUE]?: T;
  readonly many: false;
  readonly graph: GraphBuilder;
  readonly from: InputSource;
}
/** Handle of a dynamic output. */
export interface DynamicHandle<T = unknown> {
  readonly [KIND]: "handle";
  readonly many: true;
  readonly graph: GraphBuilder;
  readonly from: InputSource;
  /** Calls `body` once; the nodes it adds run once for each mapping key. */
  map<H extends Handle | undefined>(
    body: (item: Handle<T>) => H,
  ): MappedHandle<H extends Handle<infer U> ? U : never>;
  /** All values in one array, in the order of their keys. */
  collect(): Handle<T[]>;
}
/** Handle of what `.map` made: many copies. */
export interface MappedHandle<T = unknown> {
  readonly [KIND]: "handle";
  readonly many: true;
  readonly graph: GraphBuilder;
  readonly from: InputSource;
  map<H extends Handle | undefined>(
    body: (item: Handle<T>) => H,
  ): MappedHandle<H extends Handle<infer U> ? U : never>;
  collect(): Handle<T[]>;
}

export interface GraphBuilder {
  name: string;
  nodes: GraphNode["nodes"];
  assets: AssetDefinition[];
  mapOver: { node: string; output: string } | undefined;
}

// One stack for all copies of this package: an op of one copy may be called in a graph of another.
const STACK = Symbol.for("@dagster-operator/sdk/composition");
const shared = globalThis as typeof globalThis & { [STACK]?: GraphBuilder[] };
const stack = () => {
  shared[STACK] ??= [];
  return shared[STACK];
};

/** Runs `body` with calls of ops collected into `builder`. */
export function compose<T>(builder: GraphBuilder, body: () => T): T {
  stack().push(builder);
  try {
    return body();
  } finally {
    stack().pop();
  }
}

const makeHandle = (graph: GraphBuilder, from: InputSource): Handle => ({
  [KIND]: "handle",
  many: false,
  graph,
  from,
});

/** The handle that stands for an input of the graph itself. */
export const graphInput = (graph: GraphBuilder, name: string): Handle =>
  makeHandle(graph, { kind: "graph_input", name });

function mapped(
  graph: GraphBuilder,
  node: string,
  output: string,
  over: { node: string; output: string },
): MappedHandle {
  return {
    ...makeHandle(graph, { kind: "output", node, output }),
    many: true,
    map: (body) => mapWith(graph, makeHandle(graph, { kind: "output", node, output }), over, body),
    collect: () => makeHandle(graph, { kind: "collect", node, output }) as Handle<unknown[]>,
  };
}

function mapWith<H extends Handle | undefined>(
  graph: GraphBuilder,
  item: Handle,
  over: { node: string; output: string },
  body: (item: Handle) => H,
): MappedHandle<never> {
  if (graph.mapOver !== undefined) {
    throw new TypeError(
      `graph ${graph.name} maps over ${over.node}.${over.output} inside another map: collect the inner one first, Dagster's rule too`,
    );
  }
  graph.mapOver = over;
  try {
    const result = body(item);
    const source = result?.from ?? item.from;
    if (source.kind !== "output")
      throw new TypeError(`the body of a map in graph ${graph.name} must return what an op call in it gave`);
    return mapped(graph, source.node, source.output, over) as MappedHandle<never>;
  } finally {
    graph.mapOver = undefined;
  }
}

function dynamicHandle(graph: GraphBuilder, node: string, output: string): DynamicHandle {
  const item = makeHandle(graph, { kind: "output", node, output });
  return {
    ...item,
    many: true,
    map: (body) => mapWith(graph, item, { node, output }, body),
    collect: () => makeHandle(graph, { kind: "collect", node, output }) as Handle<unknown[]>,
  };
}

function inputSource(builder: GraphBuilder, node: AnyNode, input: string, value: unknown): InputSource {
  if (Array.isArray(value))
    return { kind: "fan_in", sources: value.map((item) => inputSource(builder, node, input, item)) };
  const kind = kindOf(value);
  if (kind === "asset") {
    const asset = value as AssetDefinition;
    builder.assets.push(asset);
    return { kind: "asset", key: asset.key };
  }
  if (kind === "handle") {
    const handle = value as Handle | MappedHandle;
    if (handle.graph !== builder) {
      throw new TypeError(
        `input ${input} of ${node.name} in graph ${builder.name} comes from graph ${handle.graph.name}: pass it in as a graph input`,
      );
    }
    if (!handle.many || handle.from.kind !== "output") return handle.from;
    if (node.inputs.some((spec) => spec.name === input && spec.nothing))
      return { ...handle.from, kind: "collect" };
    throw new TypeError(
      `input ${input} of ${node.name} in graph ${builder.name} is many values: give .collect() for all in an array, or call ${node.name} in .map(…)`,
    );
  }
  throw new TypeError(
    `input ${input} of ${node.name} in graph ${builder.name} is not what an op call gave, an asset, or an array of these: values are not known while the body runs, so compute with them in an op`,
  );
}

export interface CallOptions {
  alias?: string | undefined;
  tags?: Record<string, string> | undefined;
  hooks?: readonly HookDefinition[] | undefined;
}

/** Adds a call of `node` to the graph that is being composed; gives its handles by output name. */
export function addNode(
  node: AnyNode,
  given: Record<string, unknown>,
  options: CallOptions,
): Record<string, Handle | DynamicHandle> {
  const builder = stack().at(-1);
  if (builder === undefined) {
    throw new TypeError(
      `${node.type} ${node.name}${at(node.source)} was called outside a graph or job: call it in the body of graph(…) or job(…), or run it in a test with executeInProcess`,
    );
  }
  const known = new Set(node.inputs.map(({ name }) => name));
  const inputs: Record<string, InputSource> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!known.has(name))
      throw new TypeError(`${node.name} has no input ${name}: it has ${[...known].join(", ") || "none"}`);
    if (value !== undefined) inputs[name] = inputSource(builder, node, name, value);
  }
  for (const { name, asset } of node.inputs) {
    if (asset !== undefined && inputs[name] === undefined)
      inputs[name] = inputSource(builder, node, name, asset);
  }
  const name = uniqueName(builder, node, options.alias);
  const { mapOver } = builder;
  builder.nodes.push({ name, def: node, inputs, mapOver, tags: options.tags, hooks: options.hooks ?? [] });
  const handles: Record<string, Handle | DynamicHandle> = {};
  for (const output of node.outputs) {
    const dynamic = "dynamic" in output && output.dynamic;
    handles[output.name] = dynamic
      ? dynamicHandle(builder, name, output.name)
      : makeHandle(builder, { kind: "output", node: name, output: output.name });
  }
  return handles;
}

function uniqueName(builder: GraphBuilder, node: AnyNode, alias: string | undefined): string {
  const taken = (name: string) => builder.nodes.some((other) => other.name === name);
  if (alias !== undefined) {
    if (taken(alias))
      throw new TypeError(
        `graph ${builder.name} has two nodes named ${alias}: give the second another alias`,
      );
    return alias;
  }
  let name = node.name;
  for (let n = 2; taken(name); n++) name = `${node.name}_${n}`;
  return name;
}
