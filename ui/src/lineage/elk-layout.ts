import type { ELK, ElkNode } from "elkjs/lib/elk-api.js";
import {
  type Box,
  fold,
  GROUP_HEAD,
  GROUP_PAD,
  type GroupBox,
  groupId,
  type Layout,
  type LayoutInput,
  NODE_HEIGHT,
  NODE_WIDTH,
} from "./layout.ts";

const SPACING = { "elk.layered.spacing.nodeNodeBetweenLayers": "56", "elk.spacing.nodeNode": "18" };

/** ELK's layered layout with groups as boxes around their nodes: fewest crossings, for what ELK manages in a second. */
export async function elkLayout(elk: Pick<ELK, "layout">, input: LayoutInput): Promise<Layout> {
  const { nodes, closed, edges } = fold(input);
  const groups = new Map<string, ElkNode[]>();
  const children: ElkNode[] = [];
  for (const node of nodes) {
    const child: ElkNode = { id: node.id, width: NODE_WIDTH, height: NODE_HEIGHT };
    if (node.group === "") children.push(child);
    else (groups.get(node.group) ?? groups.set(node.group, []).get(node.group))?.push(child);
  }
  for (const [name, members] of groups)
    children.push({
      id: groupId(name),
      children: members,
      layoutOptions: {
        ...SPACING,
        "elk.padding": `[top=${GROUP_HEAD},left=${GROUP_PAD},bottom=${GROUP_PAD},right=${GROUP_PAD}]`,
      },
    });
  for (const name of closed.keys())
    children.push({ id: groupId(name), width: NODE_WIDTH, height: NODE_HEIGHT });
  const result: ElkNode = await elk.layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.hierarchyHandling": "INCLUDE_CHILDREN",
      ...SPACING,
      // Seen from far, the name of a group stands above its box.
      "elk.spacing.nodeNode": "44",
      "elk.spacing.componentComponent": "56",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.edgeRouting": "SPLINES",
    },
    children,
    edges: edges.map((edge, index) => ({ id: `e${index}`, sources: [edge.from], targets: [edge.to] })),
  });
  const boxes: Box[] = [];
  const out: GroupBox[] = [];
  const single = new Set(nodes.flatMap((node) => (node.group === "" ? [node.id] : [])));
  for (const group of result.children ?? []) {
    const { x = 0, y = 0, width = NODE_WIDTH, height = NODE_HEIGHT } = group;
    if (single.has(group.id)) {
      boxes.push({ id: group.id, x, y, width, height });
      continue;
    }
    const name = group.id.slice("group:".length);
    out.push({
      id: name,
      x,
      y,
      width,
      height,
      collapsed: closed.has(name),
      count: closed.get(name) ?? group.children?.length ?? 0,
    });
    for (const node of group.children ?? [])
      boxes.push({
        id: node.id,
        x: x + (node.x ?? 0),
        y: y + (node.y ?? 0),
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
      });
  }
  return { nodes: boxes, groups: out, edges, width: result.width ?? 0, height: result.height ?? 0 };
}
