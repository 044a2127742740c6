/** Small snapshots by hand, so that plan and loop are tested without the definitions layer. */
import type {
  AssetCheckDef,
  AssetDef,
  DefinitionsSnapshot,
  GraphDef,
  InputSource,
  JobDef,
  OpDef,
} from "../src/model/definitions.ts";
import { ASSET_JOB } from "../src/model/definitions.ts";

export function op(
  name: string,
  part: {
    inputs?: (string | OpDef["inputs"][number])[];
    outputs?: Partial<OpDef["outputs"][number]>[];
  } & Partial<Omit<OpDef, "inputs" | "outputs">> = {},
): OpDef {
  return {
    configSchema: null,
    resources: [],
    tags: {},
    ...part,
    kind: "op",
    name,
    inputs: (part.inputs ?? []).map((input) => (typeof input === "string" ? { name: input } : input)),
    outputs: (part.outputs ?? [{}]).map((output) => ({
      name: "result",
      required: true,
      ioManager: "ioManager",
      ...output,
    })),
  };
}

export function graph(
  name: string,
  nodes: Record<
    string,
    { def?: string; inputs?: Record<string, InputSource>; mapOver?: { node: string; output: string } }
  >,
  part: Partial<GraphDef> = {},
): GraphDef {
  return {
    kind: "graph",
    name,
    inputs: [],
    outputs: [],
    configSchema: null,
    ...part,
    nodes: Object.entries(nodes).map(([node, { def, inputs = {}, mapOver }]) => ({
      name: node,
      def: def ?? node,
      inputs,
      ...(mapOver && { mapOver }),
    })),
  };
}

export const from = (node: string, output = "result"): InputSource => ({ kind: "output", node, output });
export const collect = (node: string, output = "result"): InputSource => ({ kind: "collect", node, output });
export const fanIn = (...sources: InputSource[]): InputSource => ({ kind: "fan_in", sources });

/** `deps` as paths: loaded by an input named as the last path component, or with `~` before them ordering only. */
export function asset(path: string, deps: string[] = [], part: Partial<AssetDef> = {}): AssetDef {
  return {
    key: path.split("/"),
    kind: "materializable",
    group: "default",
    owners: [],
    tags: {},
    kinds: [],
    metadata: {},
    deps: deps.map((dep) => {
      const key = dep.replace(/^~/, "").split("/");
      return { key, input: dep.startsWith("~") ? null : (key.at(-1) ?? null) };
    }),
    partitions: null,
    node: path.replaceAll("/", "__"),
    output: "result",
    ioManager: "ioManager",
    canSubset: false,
    ...part,
  };
}

export const check = (assetPath: string, name: string, part: Partial<AssetCheckDef> = {}): AssetCheckDef => ({
  asset: assetPath.split("/"),
  name,
  blocking: false,
  node: `${assetPath.replaceAll("/", "__")}__${name}`,
  output: "result",
  ...part,
});

export function snapshot(
  part: Partial<Omit<DefinitionsSnapshot, "jobs">> & { jobs?: Partial<JobDef>[] },
): DefinitionsSnapshot {
  const assets = part.assets ?? [];
  const nodes = [...(part.nodes ?? [])];
  const defined = new Set(nodes.map((node) => node.name));
  for (const one of assets) {
    if (one.node === null || defined.has(one.node)) continue;
    defined.add(one.node);
    nodes.push(op(one.node, { inputs: one.deps.flatMap((dep) => (dep.input === null ? [] : [dep.input])) }));
  }
  for (const one of part.checks ?? [])
    if (!defined.has(one.node)) nodes.push(op(one.node, { inputs: ["value"] }));
  return {
    version: 1,
    language: "typescript",
    library: "0",
    hash: "",
    checks: [],
    schedules: [],
    sensors: [],
    resources: [],
    ...part,
    assets,
    nodes,
    jobs: [
      ...(part.jobs ?? []).map(jobDef),
      jobDef({
        name: ASSET_JOB,
        implicit: true,
        target: { kind: "assets", assets: assets.map((one) => one.key) },
      }),
    ],
  };
}

function jobDef(part: Partial<JobDef>): JobDef {
  return {
    name: "job",
    tags: {},
    target: { kind: "graph", graph: "main" },
    partitions: null,
    runConfig: {},
    runConfigSchema: {},
    implicit: false,
    ...part,
  };
}
