import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { edgeLines } from "../src/lineage/edge-lines.ts";
import { fastLayout, fold, groupId, type LayoutInput, layers } from "../src/lineage/layout.ts";
import { BoxIndex, overlaps, screenRect } from "../src/lineage/viewport.ts";

function generated(count: number, groups: number): LayoutInput {
  const nodes = Array.from({ length: count }, (_, i) => ({ id: `a${i}`, group: `g${i % groups}` }));
  const edges = nodes.flatMap((_, i) =>
    i === 0 ? [] : [{ from: `a${Math.floor((((i * 37) % 101) / 101) * i)}`, to: `a${i}` }],
  );
  return { nodes, edges, collapsed: [] };
}

describe("the fast layout", () => {
  test("places all of 10,000 assets, none over another, each within its group", () => {
    const layout = fastLayout(generated(10_000, 40));
    expect(layout.nodes).toHaveLength(10_000);
    const index = new BoxIndex(layout.nodes);
    const groups = new Map(layout.groups.map((g) => [g.id, g]));
    let clashes = 0;
    let outside = 0;
    for (const box of layout.nodes) {
      clashes += index.within(box).length - 1;
      const group = groups.get(`g${Number(box.id.slice(1)) % 40}`);
      if (
        !group ||
        box.x < group.x ||
        box.y < group.y ||
        box.x + box.width > group.x + group.width ||
        box.y + box.height > group.y + group.height
      )
        outside++;
    }
    expect({ clashes, outside }).toEqual({ clashes: 0, outside: 0 });
    const pairs = layout.groups.flatMap((a, i) => layout.groups.slice(i + 1).filter((b) => overlaps(a, b)));
    expect(pairs).toEqual([]);
  });

  test("draws a collapsed group as one box with its count, and its edges once", () => {
    const input: LayoutInput = {
      nodes: [
        { id: "a", group: "raw" },
        { id: "b", group: "raw" },
        { id: "c", group: "mart" },
      ],
      edges: [
        { from: "a", to: "c" },
        { from: "b", to: "c" },
        { from: "a", to: "b" },
      ],
      collapsed: ["raw"],
    };
    expect(fold(input).edges).toEqual([{ from: groupId("raw"), to: "c" }]);
    const layout = fastLayout(input);
    expect(layout.groups.find((g) => g.id === "raw")).toMatchObject({ collapsed: true, count: 2 });
    expect(layout.nodes.map((n) => n.id)).toEqual(["c"]);
  });
});

test("every edge of an acyclic graph goes to a later layer, and a cycle still gets layers", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 80 }), (pairs) => {
      const ids = Array.from({ length: 31 }, (_, i) => String(i));
      const edges = pairs.filter(([a, b]) => a < b).map(([a, b]) => ({ from: String(a), to: String(b) }));
      const layer = layers(ids, edges);
      return edges.every(({ from, to }) => (layer.get(from) ?? 0) < (layer.get(to) ?? 0));
    }),
  );
  expect(
    layers(
      ["a", "b"],
      [
        { from: "a", to: "b" },
        { from: "b", to: "a" },
      ],
    ).size,
  ).toBe(2);
});

test("only boxes on the screen are found", () => {
  const boxes = Array.from({ length: 100 }, (_, i) => ({
    id: String(i),
    x: i * 300,
    y: 0,
    width: 200,
    height: 60,
  }));
  const found = new BoxIndex(boxes).within(screenRect([-3000, 0, 1], 600, 400, 0));
  expect(found.map((b) => b.id).sort()).toEqual(["10", "11"]);
});

test("every edge is drawn once, from right side to left side, the chosen lineage apart", () => {
  const layout = fastLayout({
    nodes: ["a", "b", "c"].map((id) => ({ id, group: "g" })),
    edges: [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
    ],
    collapsed: [],
  });
  expect(edgeLines(layout, null).plain).toHaveLength(8);
  expect(edgeLines(layout, null).lit).toHaveLength(0);
  const { plain, lit } = edgeLines(layout, new Set(["a", "b"]));
  const [a, b] = [layout.nodes.find((n) => n.id === "a"), layout.nodes.find((n) => n.id === "b")];
  expect([...lit]).toEqual([
    (a?.x ?? 0) + (a?.width ?? 0),
    (a?.y ?? 0) + (a?.height ?? 0) / 2,
    b?.x,
    (b?.y ?? 0) + (b?.height ?? 0) / 2,
  ]);
  expect(plain).toHaveLength(4);
});
