import type { DefinitionsSnapshot, NodeDef, Plan } from "@dagster-operator/sdk/internal";
import type { Issue } from "../errors.ts";

/** The implicit job is of all assets and so demands no config; what is selected of it does, at any depth of graphs. */
export function missingConfig(
  { steps }: Plan,
  { nodes, resources }: DefinitionsSnapshot,
  runConfig: Record<string, unknown>,
): Issue[] {
  const requiring = (schema: Record<string, unknown> | null | undefined) =>
    Array.isArray(schema?.required) && schema.required.length > 0
      ? `needs config: ${schema.required.join(", ")}`
      : null;
  const resourceOf = new Map(resources.map((resource) => [resource.name, resource]));
  const nodeOf = new Map(nodes.map((node) => [node.name, node]));
  const wanted = new Map<string, string>();
  for (const step of steps) {
    const { path, schema } = configOwner(nodeOf, step.key.replace(/\[.*$/, "").split("."));
    const message = requiring(schema);
    if (message) wanted.set(path, message);
    for (const name of [...step.op.resources, ...step.outputs.map(({ ioManager }) => ioManager)]) {
      const lacking = requiring(resourceOf.get(name)?.configSchema);
      if (lacking) wanted.set(`resources.${name}.config`, lacking);
    }
  }
  return [...wanted].flatMap(([path, message]) => (given(runConfig, path) ? [] : [{ path, message }]));
}

/** Where the config of a step is given: at the first graph on its way that maps config, else at the op. */
function configOwner(
  nodeOf: ReadonlyMap<string, NodeDef>,
  names: readonly string[],
): { path: string; schema: NodeDef["configSchema"] } {
  let node = nodeOf.get(names[0] ?? "");
  const walked: string[] = [];
  for (const [index, name] of names.entries()) {
    if (index > 0 && node?.kind === "graph") {
      const inner = node.nodes.find((one) => one.name === name);
      node = inner && nodeOf.get(inner.def);
    }
    walked.push(name);
    if (node?.kind === "graph" && node.configSchema !== null) break;
  }
  return { path: `ops.${walked.join(".ops.")}.config`, schema: node?.configSchema ?? null };
}

/** Is there anything at this path? What is there was checked by the code that it is for. */
function given(config: unknown, path: string): boolean {
  let at = config;
  for (const name of path.split(".")) at = (at as Record<string, unknown> | undefined | null)?.[name];
  return at !== undefined;
}
