/** Graphs flattened to steps whose sources are already leaves, before order, mapping and re-execution are settled. */
import type { GraphDef, InputSource, NodeDef, OpDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import type { StepInput } from "./plan.ts";
import { PlanError } from "./plan-error.ts";
import type { SnapshotIndex } from "./snapshot-index.ts";

export interface Draft {
  key: string;
  op: OpDef;
  inputs: Record<string, StepInput>;
  after: StepInput[];
  mapOver?: { step: string; output: string } | undefined;
  tags: Record<string, string>;
  hooks: string[];
  /** Node of the asset job that it comes from; "" in a job of ops. */
  unit: string;
  assets: Map<string, string>;
  /** null = none, as of most: thousands of empty collections are slow to make. */
  checks: Map<string, { asset: string; name: string; blocking: boolean }[]> | null;
  /** Outputs that belong to assets or checks which are not selected. */
  unselected: Set<string> | null;
}

/** What calls of graphs around an op give its step. */
interface Extras {
  tags: Record<string, string>;
  hooks: string[];
}
const NO_EXTRAS: Extras = { tags: {}, hooks: [] };

/** Sources of a graph's own inputs; an input that is not there is not connected. */
export type OuterInputs = Record<string, StepInput | undefined>;

export function draftGraph(index: SnapshotIndex, graph: string, job: string): Draft[] {
  const def = findNode(index, graph, `job ${job}`);
  if (def.kind === "op") return [draftOp(def, def.name, {}, NO_EXTRAS, "")];
  const drafts: Draft[] = [];
  flatten(index, def, "", {}, "", drafts, [graph], NO_EXTRAS);
  return drafts;
}

/** The steps of one node of an asset job: the op itself, or all ops in its graph. */
export function draftNode(index: SnapshotIndex, node: string, inputs: OuterInputs): Draft[] {
  const def = findNode(index, node, "an asset");
  if (def.kind === "op") return [draftOp(def, node, inputs, NO_EXTRAS, node)];
  const drafts: Draft[] = [];
  flatten(index, def, `${node}.`, inputs, node, drafts, [node], NO_EXTRAS);
  return drafts;
}

/** The op that makes `output` of node `name`, through any depth of graphs. */
export function findOutput(
  index: SnapshotIndex,
  def: NodeDef,
  key: string,
  output: string,
): { step: string; output: string } {
  if (def.kind === "op") return { step: key, output };
  const mapped = def.outputs.find((o) => o.name === output);
  const inner = mapped && def.nodes.find((n) => n.name === mapped.node);
  if (!mapped || !inner) {
    throw new PlanError([
      `graph ${def.name} has no output ${output}${didYouMean(
        output,
        def.outputs.map((o) => o.name),
      )}`,
    ]);
  }
  return findOutput(
    index,
    findNode(index, inner.def, `graph ${def.name}`),
    `${key}.${inner.name}`,
    mapped.output,
  );
}

export function findNode(index: SnapshotIndex, name: string, user: string): NodeDef {
  const def = index.nodes.get(name);
  if (!def)
    throw new PlanError([
      `${user} needs the op or graph ${name}, which is not defined${didYouMean(name, index.nodes.keys())}`,
    ]);
  return def;
}

function flatten(
  index: SnapshotIndex,
  graph: GraphDef,
  prefix: string,
  outer: OuterInputs,
  unit: string,
  drafts: Draft[],
  stack: string[],
  outerExtras: Extras,
): void {
  const defs = new Map(graph.nodes.map((n) => [n.name, findNode(index, n.def, `graph ${graph.name}`)]));
  const leaf = (node: string, output: string) => {
    const def = defs.get(node);
    if (!def)
      throw new PlanError([
        `graph ${graph.name} takes an output of ${node}, which it does not contain${didYouMean(node, defs.keys())}`,
      ]);
    return findOutput(index, def, prefix + node, output);
  };
  const resolve = (source: InputSource): StepInput | undefined => {
    switch (source.kind) {
      case "output":
        return { kind: "step", ...leaf(source.node, source.output) };
      case "collect":
        return { kind: "collect", ...leaf(source.node, source.output) };
      case "fan_in":
        return { kind: "fan_in", sources: source.sources.map(resolve).filter((s) => s !== undefined) };
      case "graph_input":
        return outer[source.name];
      case "asset":
        return source;
    }
  };
  for (const node of graph.nodes) {
    const def = defs.get(node.name);
    if (!def) continue;
    const inputs: OuterInputs = {};
    for (const [name, source] of Object.entries(node.inputs)) inputs[name] = resolve(source);
    const key = prefix + node.name;
    const extras = {
      tags: { ...outerExtras.tags, ...node.tags },
      hooks: [...outerExtras.hooks, ...(node.hooks ?? [])],
    };
    if (def.kind === "graph") {
      if (stack.includes(node.def))
        throw new PlanError([`graph ${node.def} contains itself: ${[...stack, node.def].join(" → ")}`]);
      flatten(index, def, `${key}.`, inputs, unit, drafts, [...stack, node.def], extras);
      continue;
    }
    const draft = draftOp(def, key, inputs, extras, unit);
    if (node.mapOver) draft.mapOver = leaf(node.mapOver.node, node.mapOver.output);
    drafts.push(draft);
  }
}

function draftOp(op: OpDef, key: string, sources: OuterInputs, { tags, hooks }: Extras, unit: string): Draft {
  const inputs: Record<string, StepInput> = {};
  const after: StepInput[] = [];
  let connected = 0;
  for (const input of op.inputs) {
    if (Object.hasOwn(sources, input.name)) connected += 1;
    const source = sources[input.name];
    if (!source) continue;
    if (input.nothing) after.push(source);
    else inputs[input.name] = source;
  }
  const given = Object.keys(sources);
  if (connected < given.length) {
    const names = op.inputs.map((i) => i.name);
    throw new PlanError(
      given
        .filter((name) => !names.includes(name))
        .map((name) => `op ${op.name} (step ${key}) has no input ${name}${didYouMean(name, names)}`),
    );
  }
  return {
    key,
    op,
    inputs,
    after,
    tags: { ...op.tags, ...tags },
    hooks: [...(op.hooks ?? []), ...hooks],
    unit,
    assets: new Map(),
    checks: null,
    unselected: null,
  };
}
