/** Graph data in, boxes out; no DOM, so that it runs in a worker and in a test. All lengths in pixels. */
export interface InNode {
  readonly id: string;
  /** Empty = in none. */
  readonly group: string;
}
export interface InEdge {
  readonly from: string;
  readonly to: string;
}
export interface LayoutInput {
  readonly nodes: readonly InNode[];
  readonly edges: readonly InEdge[];
  /** Groups drawn as one box with their count instead of their nodes. */
  readonly collapsed: readonly string[];
}
export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface GroupBox extends Box {
  readonly collapsed: boolean;
  readonly count: number;
}
export interface Layout {
  readonly nodes: readonly Box[];
  readonly groups: readonly GroupBox[];
  /** Between ids of nodes and, for collapsed groups, `group:<name>`. */
  readonly edges: readonly InEdge[];
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 220;
export const NODE_HEIGHT = 62;
export const GROUP_PAD = 16;
export const GROUP_HEAD = 34;
/** From this many drawn nodes on the fast layout takes over from ELK. */
export const ELK_LIMIT = 700;
/** From this many nodes on groups start collapsed. */
export const COLLAPSE_LIMIT = 1500;

export const groupId = (group: string): string => `group:${group}`;

/** Replaces nodes of collapsed groups by their group, and merges the edges that fall together. */
export function fold(input: LayoutInput): { nodes: InNode[]; closed: Map<string, number>; edges: InEdge[] } {
  const collapsed = new Set(input.collapsed);
  const stands = new Map<string, string>();
  const nodes: InNode[] = [];
  const closed = new Map<string, number>();
  for (const node of input.nodes) {
    if (collapsed.has(node.group)) {
      stands.set(node.id, groupId(node.group));
      closed.set(node.group, (closed.get(node.group) ?? 0) + 1);
    } else {
      stands.set(node.id, node.id);
      nodes.push(node);
    }
  }
  const seen = new Set<string>();
  const edges: InEdge[] = [];
  for (const edge of input.edges) {
    const from = stands.get(edge.from);
    const to = stands.get(edge.to);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}\u0000${to}`;
    if (seen.has(key)) continue;
    seen.add(key);
    edges.push({ from, to });
  }
  return { nodes, closed, edges };
}

/** Longest-path layer of each id, 0 first. A cycle is cut at its first id, so that every id gets a layer. */
export function layers(ids: readonly string[], edges: readonly InEdge[]): Map<string, number> {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  const waiting = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const { from, to } of edges) {
    next.get(from)?.push(to);
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
  }
  const layer = new Map<string, number>();
  const placed = new Set<string>();
  const ready = ids.filter((id) => waiting.get(id) === 0);
  let done = 0;
  let scan = 0;
  while (placed.size < ids.length) {
    let id = ready[done];
    if (id === undefined) {
      while (placed.has(ids[scan] as string)) scan++;
      id = ids[scan] as string;
      ready.push(id);
    }
    done++;
    if (placed.has(id)) continue;
    placed.add(id);
    const own = layer.get(id) ?? 0;
    layer.set(id, own);
    for (const other of next.get(id) ?? []) {
      if (placed.has(other)) continue;
      layer.set(other, Math.max(layer.get(other) ?? 0, own + 1));
      const left = (waiting.get(other) ?? 1) - 1;
      waiting.set(other, left);
      if (left === 0) ready.push(other);
    }
  }
  return layer;
}

interface Placed {
  readonly width: number;
  readonly height: number;
  readonly at: Map<string, { x: number; y: number }>;
}

/**
 * Columns from left to right by layer, each ordered by the middle of its neighbours; linear in nodes and edges but for
 * the sorts. A column of more than `tall` boxes is broken into several beside each other.
 */
function columns(
  items: ReadonlyArray<{ id: string; width: number; height: number }>,
  edges: readonly InEdge[],
  gapX: number,
  gapY: number,
  tall = 40,
): Placed {
  const layer = layers(
    items.map((item) => item.id),
    edges,
  );
  const byLayer: (typeof items)[number][][] = [];
  for (const item of items) {
    const index = layer.get(item.id) ?? 0;
    let column = byLayer[index];
    if (!column) {
      column = [];
      byLayer[index] = column;
    }
    column.push(item);
  }
  const back = new Map<string, string[]>();
  const forth = new Map<string, string[]>();
  for (const { from, to } of edges) {
    (back.get(to) ?? back.set(to, []).get(to))?.push(from);
    (forth.get(from) ?? forth.set(from, []).get(from))?.push(to);
  }
  const order = new Map<string, number>();
  for (const column of byLayer)
    for (const [index, item] of column?.entries() ?? []) order.set(item.id, index / column.length);
  for (let sweep = 0; sweep < 4; sweep++) {
    const near = sweep % 2 === 0 ? back : forth;
    const run = sweep % 2 === 0 ? byLayer : [...byLayer].reverse();
    for (const column of run) {
      if (!column) continue;
      const middle = new Map(
        column.map((item) => [
          item.id,
          mean(
            (near.get(item.id) ?? []).map((id) => order.get(id) ?? 0),
            order.get(item.id) ?? 0,
          ),
        ]),
      );
      column.sort((a, b) => (middle.get(a.id) ?? 0) - (middle.get(b.id) ?? 0));
      for (const [index, item] of column.entries()) order.set(item.id, index / column.length);
    }
  }
  const at = new Map<string, { x: number; y: number }>();
  const placedColumns: { ids: { id: string; y: number }[]; height: number }[] = [];
  let x = 0;
  let height = 0;
  for (const column of byLayer) {
    for (let start = 0; start < (column?.length ?? 0); start += tall) {
      let y = 0;
      let width = 0;
      const own: { id: string; y: number }[] = [];
      for (const item of column?.slice(start, start + tall) ?? []) {
        at.set(item.id, { x, y });
        own.push({ id: item.id, y });
        y += item.height + gapY;
        width = Math.max(width, item.width);
      }
      placedColumns.push({ ids: own, height: y - gapY });
      height = Math.max(height, y - gapY);
      x += width + gapX;
    }
  }
  for (const column of placedColumns) {
    const shift = (height - column.height) / 2;
    for (const { id } of column.ids) {
      const point = at.get(id);
      if (point) point.y += shift;
    }
  }
  return { width: Math.max(0, x - gapX), height, at };
}

function mean(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** The layout for graphs beyond ELK's reach: each group laid out on its own, then the groups among each other. */
export function fastLayout(input: LayoutInput): Layout {
  const { nodes, closed, edges } = fold(input);
  const groupOf = new Map(nodes.map((node) => [node.id, node.group]));
  const inside = new Map<string, InNode[]>();
  for (const node of nodes)
    (inside.get(node.group) ?? inside.set(node.group, []).get(node.group))?.push(node);
  const within = new Map<string, InEdge[]>();
  const between = new Map<string, InEdge>();
  for (const edge of edges) {
    const from = groupOf.get(edge.from);
    const to = groupOf.get(edge.to);
    if (from !== undefined && from === to) (within.get(from) ?? within.set(from, []).get(from))?.push(edge);
    else {
      const a = from === undefined ? edge.from : groupId(from);
      const b = to === undefined ? edge.to : groupId(to);
      between.set(`${a}\u0000${b}`, { from: a, to: b });
    }
  }
  const inner = new Map<string, Placed>();
  const items: { id: string; width: number; height: number }[] = [];
  for (const [group, members] of inside) {
    const tall = Math.max(12, Math.ceil(Math.sqrt(members.length) * 1.6));
    const placed = columns(
      members.map(({ id }) => ({ id, width: NODE_WIDTH, height: NODE_HEIGHT })),
      within.get(group) ?? [],
      56,
      16,
      tall,
    );
    inner.set(group, placed);
    items.push({
      id: groupId(group),
      width: placed.width + 2 * GROUP_PAD,
      height: placed.height + GROUP_PAD + GROUP_HEAD,
    });
  }
  for (const group of closed.keys())
    items.push({ id: groupId(group), width: NODE_WIDTH, height: NODE_HEIGHT });
  const outer = columns(
    items,
    [...between.values()],
    90,
    28,
    Math.max(10, Math.ceil(Math.sqrt(items.length) * 1.5)),
  );
  const boxes: Box[] = [];
  const groups: GroupBox[] = [];
  for (const item of items) {
    const name = item.id.slice("group:".length);
    const at = outer.at.get(item.id) ?? { x: 0, y: 0 };
    const placed = inner.get(name);
    if (name !== "")
      groups.push({
        id: name,
        x: at.x,
        y: at.y,
        width: item.width,
        height: item.height,
        collapsed: placed === undefined,
        count: placed ? (inside.get(name)?.length ?? 0) : (closed.get(name) ?? 0),
      });
    for (const [id, point] of placed?.at ?? [])
      boxes.push({
        id,
        x: at.x + GROUP_PAD + point.x,
        y: at.y + GROUP_HEAD + point.y,
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
      });
  }
  return { nodes: boxes, groups, edges, width: outer.width, height: outer.height };
}
