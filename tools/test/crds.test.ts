import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { customResourceDefinition, KINDS } from "@dagster-operator/engine/resources";
import { expect, test } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the committed CRDs are what the schemas make", () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--conditions=source", "--no-warnings", "tools/make-crds.mjs", "--check"],
    { cwd: root, encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

interface Node {
  description?: string;
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: Node;
}

/** Paths below spec and status that no description explains. Items are explained by their list. */
function silent(node: Node, path: string): string[] {
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([name, property]) => [
      ...(property.description ? [] : [`${path}.${name}`]),
      ...silent(property, `${path}.${name}`),
    ]),
    ...(node.items ? silent(node.items, `${path}[]`) : []),
  ];
}

test.each(KINDS.map((kind) => [kind.kind, kind] as const))("every field of a %s is described", (_, kind) => {
  const { spec } = customResourceDefinition(kind) as {
    spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: Node; status: Node } } } }] };
  };
  const { properties } = spec.versions[0].schema.openAPIV3Schema;
  expect([...silent(properties.spec, "spec"), ...silent(properties.status, "status")]).toEqual([]);
});
