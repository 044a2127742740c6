import { type Box, groupId, type Layout } from "./layout.ts";

/** Ends of the edges as x1, y1, x2, y2, four numbers an edge: what a frame walks through without a look-up. */
export interface EdgeLines {
  readonly plain: Float64Array;
  /** Edges between bright nodes. */
  readonly lit: Float64Array;
}

/** From the right side of one box to the left side of the next. `bright` null lights none. */
export function edgeLines(layout: Layout, bright: ReadonlySet<string> | null): EdgeLines {
  const boxes = new Map<string, Box>(layout.nodes.map((box) => [box.id, box]));
  for (const group of layout.groups) if (group.collapsed) boxes.set(groupId(group.id), group);
  const plain: number[] = [];
  const lit: number[] = [];
  for (const edge of layout.edges) {
    const from = boxes.get(edge.from);
    const to = boxes.get(edge.to);
    if (!from || !to) continue;
    const into = bright?.has(edge.from) && bright.has(edge.to) ? lit : plain;
    into.push(from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2);
  }
  return { plain: Float64Array.from(plain), lit: Float64Array.from(lit) };
}
