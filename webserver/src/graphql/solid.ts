/** A job's graph under Dagster's old words: a solid is a node, its handle the path to it. */
import type { GraphDef, InputSource, NodeDef } from "@dagster-operator/sdk/internal";
import { type AssetNodeModel, assetId, type JobModel } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import { MetadataItemDefinition } from "./plan.ts";
import { AssetNode, MetadataEntry } from "./refs.ts";

type GraphNode = GraphDef["nodes"][number];
interface SolidModel {
  job: JobModel;
  name: string;
  /** Path of names joined by `.`. */
  handle: string;
  node: GraphNode;
  def: NodeDef;
  siblings: Map<string, SolidModel>;
  parent: SolidModel | null;
}
interface PortModel {
  solid: SolidModel;
  name: string;
}
interface DefModel {
  __typename: "SolidDefinition" | "CompositeSolidDefinition";
  def: NodeDef;
  job: JobModel;
}

const cache = new WeakMap<JobModel, SolidModel[]>();
/** Nodes at the top of a job. For a job of assets: the ops that compute them, wired as the assets depend on each other. */
export function solidsOf(job: JobModel): SolidModel[] {
  let solids = cache.get(job);
  if (!solids) {
    solids = solidsIn(job, topNodes(job), null);
    cache.set(job, solids);
  }
  return solids;
}
function topNodes(job: JobModel): GraphNode[] {
  const { target } = job.def;
  if (target.kind === "assets") return assetNodes(job, target.assets);
  const graph = job.location.nodes.get(target.graph);
  if (!graph) return [];
  return graph.kind === "graph" ? graph.nodes : [{ name: graph.name, def: graph.name, inputs: {} }];
}
function assetNodes(job: JobModel, keys: string[][]): GraphNode[] {
  const chosen = new Set(keys.map(assetId));
  const nodes = new Map<string, GraphNode>();
  for (const id of chosen) {
    const asset = job.location.assets.get(id);
    if (!asset?.def.node) continue;
    let node = nodes.get(asset.def.node);
    if (!node) {
      node = { name: asset.def.node, def: asset.def.node, inputs: {} };
      nodes.set(node.name, node);
    }
    for (const dep of asset.def.deps) {
      const upstream = job.location.assets.get(assetId(dep.key));
      const inside =
        chosen.has(assetId(dep.key)) && upstream?.def.node && upstream.def.node !== asset.def.node;
      node.inputs[dep.input ?? assetId(dep.key)] = inside
        ? { kind: "output", node: upstream.def.node as string, output: upstream.def.output ?? "result" }
        : { kind: "asset", key: dep.key };
    }
  }
  return [...nodes.values()];
}
function solidsIn(job: JobModel, nodes: GraphNode[], parent: SolidModel | null): SolidModel[] {
  const siblings = new Map<string, SolidModel>();
  for (const node of nodes) {
    const def = job.location.nodes.get(node.def);
    if (!def) continue;
    const handle = parent ? `${parent.handle}.${node.name}` : node.name;
    siblings.set(node.name, { job, name: node.name, handle, node, def, siblings, parent });
  }
  return [...siblings.values()];
}
const inside = (solid: SolidModel): SolidModel[] =>
  solid.def.kind === "graph" ? solidsIn(solid.job, solid.def.nodes, solid) : [];
const all = (solids: SolidModel[]): SolidModel[] => solids.flatMap((solid) => [solid, ...all(inside(solid))]);

/** `parent` null = every depth, "" = the top, otherwise what lies directly in that graph. */
export function handlesOf(job: JobModel, parent: string | null): SolidModel[] {
  const top = solidsOf(job);
  if (parent === null) return all(top);
  if (parent === "") return top;
  const graph = solidHandle(job, parent);
  return graph ? inside(graph) : [];
}
export function solidHandle(job: JobModel, handle: string): SolidModel | null {
  let level = solidsOf(job);
  let found: SolidModel | undefined;
  for (const name of handle.split(".")) {
    found = level.find((solid) => solid.name === name);
    if (!found) return null;
    level = inside(found);
  }
  return found ?? null;
}

function outputsBehind(solid: SolidModel, source: InputSource): PortModel[] {
  switch (source.kind) {
    case "output":
    case "collect": {
      const upstream = solid.siblings.get(source.node);
      return upstream ? [{ solid: upstream, name: source.output }] : [];
    }
    case "fan_in":
      return source.sources.flatMap((inner) => outputsBehind(solid, inner));
    default:
      return [];
  }
}
const inputNames = ({ node, def }: SolidModel): string[] => [
  ...new Set([...def.inputs.map((input) => input.name), ...Object.keys(node.inputs)]),
];
const dependsOn = ({ solid, name }: PortModel): PortModel[] => {
  const source = solid.node.inputs[name];
  return source ? outputsBehind(solid, source) : [];
};

const InputDefinition = builder
  .objectRef<{ name: string; description: string | null }>("InputDefinition")
  .implement({
    fields: (t) => ({
      name: t.exposeString("name"),
      description: t.exposeString("description", { nullable: true }),
      metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }),
    }),
  });
const OutputDefinition = builder
  .objectRef<{ name: string; description: string | null; dynamic: boolean }>("OutputDefinition")
  .implement({
    fields: (t) => ({
      name: t.exposeString("name"),
      description: t.exposeString("description", { nullable: true }),
      isDynamic: t.exposeBoolean("dynamic", { nullable: true }),
      metadataEntries: t.field({ type: [MetadataEntry], resolve: () => [] }),
    }),
  });
const inputDefinition = (def: NodeDef, name: string) => ({
  name,
  description: def.inputs.find((input) => input.name === name)?.description ?? null,
});
const outputDefinitions = (def: NodeDef) =>
  def.outputs.map((output) => ({
    name: output.name,
    description: "description" in output ? (output.description ?? null) : null,
    dynamic: "dynamic" in output ? (output.dynamic ?? false) : false,
  }));

const ISolidDefinition = builder.interfaceRef<DefModel>("ISolidDefinition").implement({
  resolveType: byTypename,
  fields: (t) => ({
    name: t.string({ resolve: ({ def }) => def.name }),
    description: t.string({ nullable: true, resolve: ({ def }) => def.description ?? null }),
    metadata: t.field({
      type: [MetadataItemDefinition],
      resolve: ({ def }) =>
        def.kind === "op" ? Object.entries(def.tags).map(([key, value]) => ({ key, value })) : [],
    }),
    inputDefinitions: t.field({
      type: [InputDefinition],
      resolve: ({ def }) => def.inputs.map((input) => inputDefinition(def, input.name)),
    }),
    outputDefinitions: t.field({ type: [OutputDefinition], resolve: ({ def }) => outputDefinitions(def) }),
    assetNodes: t.field({
      type: [AssetNode],
      resolve: ({ def, job }): AssetNodeModel[] => job.location.assetsOfNode.get(def.name) ?? [],
    }),
    pools: t.stringList({ resolve: ({ def }) => (def.kind === "op" && def.pool ? [def.pool] : []) }),
  }),
});
export const ResourceRequirement = builder
  .objectRef<string>("ResourceRequirement")
  .implement({ fields: (t) => ({ resourceKey: t.string({ resolve: (key) => key }) }) });
export const SolidDefinition = builder.objectRef<DefModel>("SolidDefinition").implement({
  interfaces: [ISolidDefinition],
  fields: (t) => ({
    requiredResources: t.field({
      type: [ResourceRequirement],
      resolve: ({ def }) => (def.kind === "op" ? def.resources : []),
    }),
    pool: t.string({ nullable: true, resolve: ({ def }) => (def.kind === "op" ? (def.pool ?? null) : null) }),
  }),
});
builder.objectRef<DefModel>("CompositeSolidDefinition").implement({
  interfaces: [ISolidDefinition],
  fields: (t) => ({ id: t.id({ resolve: ({ def, job }) => `${job.location.name}:${def.name}` }) }),
});

export const Solid = builder.objectRef<SolidModel>("Solid");
const Output = builder.objectRef<PortModel>("Output");
const Input = builder.objectRef<PortModel>("Input").implement({
  fields: (t) => ({
    solid: t.field({ type: Solid, resolve: ({ solid }) => solid }),
    definition: t.field({
      type: InputDefinition,
      resolve: ({ solid, name }) => inputDefinition(solid.def, name),
    }),
    dependsOn: t.field({ type: [Output], resolve: dependsOn }),
    isDynamicCollect: t.boolean({
      resolve: ({ solid, name }) => solid.node.inputs[name]?.kind === "collect",
    }),
  }),
});
Output.implement({
  fields: (t) => ({
    solid: t.field({ type: Solid, resolve: ({ solid }) => solid }),
    definition: t.field({
      type: OutputDefinition,
      resolve: ({ solid, name }) =>
        outputDefinitions(solid.def).find((output) => output.name === name) ?? {
          name,
          description: null,
          dynamic: false,
        },
    }),
    dependedBy: t.field({
      type: [Input],
      resolve: ({ solid, name }) =>
        [...solid.siblings.values()].flatMap((other) =>
          inputNames(other)
            .map((input) => ({ solid: other, name: input }))
            .filter((port) =>
              dependsOn(port).some((output) => output.solid === solid && output.name === name),
            ),
        ),
    }),
  }),
});
Solid.implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    definition: t.field({
      type: ISolidDefinition,
      resolve: ({ def, job }) => ({
        __typename: def.kind === "op" ? ("SolidDefinition" as const) : ("CompositeSolidDefinition" as const),
        def,
        job,
      }),
    }),
    inputs: t.field({
      type: [Input],
      resolve: (solid) => inputNames(solid).map((name) => ({ solid, name })),
    }),
    outputs: t.field({
      type: [Output],
      resolve: (solid) => solid.def.outputs.map(({ name }) => ({ solid, name })),
    }),
    isDynamicMapped: t.boolean({ resolve: ({ node }) => node.mapOver !== undefined }),
  }),
});
export const SolidHandle = builder.objectRef<SolidModel>("SolidHandle");
SolidHandle.implement({
  fields: (t) => ({
    handleID: t.exposeString("handle"),
    solid: t.field({ type: Solid, resolve: (solid) => solid }),
    parent: t.field({ type: SolidHandle, nullable: true, resolve: (solid) => solid.parent }),
  }),
});
interface LoggerModel {
  name: string;
  description: string | null;
}
const Logger = builder.objectRef<LoggerModel>("Logger").implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    description: t.exposeString("description", { nullable: true }),
  }),
});
/** The loggers that a run of the job may name, as the schema of its run config has them. */
function loggersOf({ def }: JobModel): LoggerModel[] {
  type Schema = { description?: string; properties?: Record<string, Schema> };
  const known = (def.runConfigSchema as Schema).properties?.loggers?.properties ?? {};
  return Object.entries(known).map(([name, { description = null }]) => ({ name, description }));
}

export const Mode = builder.objectRef<JobModel>("Mode").implement({
  fields: (t) => ({
    id: t.string({ resolve: ({ def, location }) => `${location.name}:${def.name}:default` }),
    name: t.string({ resolve: () => "default" }),
    description: t.string({ nullable: true, resolve: () => null }),
    loggers: t.field({ type: [Logger], resolve: loggersOf }),
  }),
});
