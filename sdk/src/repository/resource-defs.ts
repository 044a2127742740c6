/** Resources as the page shows them, with who uses each. */
import { keyText } from "../asset/asset-key.ts";
import type { AssetKey, ResourceDef } from "../model/definitions.ts";
import type { AnyNode, OpNode } from "../op/node.ts";
import { ioManagerName, type Repository } from "./collect.ts";
import { resourceConfigSchema, shownConfig } from "./resource-config.ts";

export function resourceDefs(repository: Repository): ResourceDef[] {
  const users = new Map<
    string,
    { assets: Map<string, AssetKey>; ops: Set<string>; schedules: Set<string>; sensors: Set<string> }
  >();
  const of = (name: string) => {
    let found = users.get(name);
    if (found === undefined) {
      found = { assets: new Map(), ops: new Set(), schedules: new Set(), sensors: new Set() };
      users.set(name, found);
    }
    return found;
  };
  const ofAssets = new Set<AnyNode>();
  const opsOf = (node: AnyNode): OpNode[] =>
    node.type === "op" ? [node] : node.nodes.flatMap(({ def }) => opsOf(def));
  for (const asset of repository.assets.values()) {
    const name = keyText(asset.key);
    of(ioManagerName(asset.ioManager)).assets.set(name, asset.key);
    if (asset.node === undefined) continue;
    for (const node of opsOf(asset.node)) {
      if (asset.node.type === "op") ofAssets.add(node);
      for (const resource in node.resources) of(resource).assets.set(name, asset.key);
      for (const { ioManager } of node.inputs)
        if (ioManager !== undefined) of(ioManagerName(ioManager)).assets.set(name, asset.key);
    }
  }
  for (const node of repository.nodes.values()) {
    if (node.type === "graph" || ofAssets.has(node)) continue;
    for (const resource in node.resources) of(resource).ops.add(node.name);
    for (const { ioManager } of node.inputs)
      if (ioManager !== undefined) of(ioManagerName(ioManager)).ops.add(node.name);
    for (const output of node.outputs) of(ioManagerName(output.ioManager)).ops.add(node.name);
  }
  for (const { name, resources } of repository.schedules.values())
    for (const resource in resources) of(resource).schedules.add(name);
  for (const { name, resources } of repository.sensors.values())
    for (const resource in resources) of(resource).sensors.add(name);

  return [...repository.resources].map(([name, definition]) => {
    const used = of(name);
    return {
      name,
      ...(definition.description === undefined ? {} : { description: definition.description }),
      kind: definition.type,
      isIoManager: definition.isIoManager,
      configSchema: resourceConfigSchema(definition),
      config: shownConfig(definition),
      nested: Object.keys(definition.nested),
      usedBy: {
        assets: [...used.assets.values()],
        ops: [...used.ops],
        schedules: [...used.schedules],
        sensors: [...used.sensors],
      },
    };
  });
}
