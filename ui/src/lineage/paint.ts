import type { Tone } from "../design/Status.tsx";
import type { Box, GroupBox } from "./layout.ts";
import { overlaps, type Rect } from "./viewport.ts";

/** Below this zoom nodes are painted, not mounted: ten thousand rectangles cost a frame, ten thousand elements the page. */
export const PAINT_BELOW = 0.45;
const TONES = ["ok", "fail", "run", "queue", "warn", "none"] as const;

export interface Frame {
  readonly g: CanvasRenderingContext2D;
  readonly screen: Rect;
  readonly zoom: number;
  readonly color: (name: string) => string;
}

export function paintEdges(
  { g, screen, zoom, color }: Frame,
  lines: Float64Array,
  style: { strong: boolean; faded: boolean },
): void {
  const right = screen.x + screen.width;
  const bottom = screen.y + screen.height;
  const inside = (x: number, y: number) => x >= screen.x && x <= right && y >= screen.y && y <= bottom;
  // Close to a big graph, edges that only pass through say nothing and cost the frame.
  const endsOnly = lines.length > 8000 && zoom >= PAINT_BELOW;
  g.beginPath();
  for (let i = 0; i < lines.length; i += 4) {
    const x1 = lines[i] as number;
    const y1 = lines[i + 1] as number;
    const x2 = lines[i + 2] as number;
    const y2 = lines[i + 3] as number;
    if (
      Math.max(x1, x2) < screen.x ||
      Math.min(x1, x2) > right ||
      Math.max(y1, y2) < screen.y ||
      Math.min(y1, y2) > bottom
    )
      continue;
    if (endsOnly && !inside(x1, y1) && !inside(x2, y2)) continue;
    g.moveTo(x1, y1);
    if (zoom < 0.15) g.lineTo(x2, y2);
    else {
      const bend = Math.max(24, Math.abs(x2 - x1) / 2);
      g.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    }
  }
  g.strokeStyle = color(style.strong ? "accent" : "none");
  g.globalAlpha = style.strong ? 1 : style.faded ? 0.25 : zoom < 0.1 ? 0.35 : 0.75;
  g.lineWidth = style.strong ? Math.max(1.8, 1 / zoom) : Math.max(1.2, 0.6 / zoom);
  g.stroke();
  g.globalAlpha = 1;
}

export function paintGroups({ g, screen, color }: Frame, groups: readonly GroupBox[]): void {
  g.fillStyle = color("surface-2");
  g.strokeStyle = color("border-strong");
  g.lineWidth = 1.2;
  g.beginPath();
  for (const group of groups)
    if (!group.collapsed && overlaps(screen, group))
      g.roundRect(group.x, group.y, group.width, group.height, 12);
  g.fill();
  g.stroke();
}

/** Nodes as rectangles, one path a colour; names only where they can be read. */
export function paintNodes(
  frame: Frame,
  nodes: readonly Box[],
  tones: ReadonlyMap<string, Tone>,
  bright: ReadonlySet<string> | null,
  selected: ReadonlySet<string>,
): void {
  const { g, zoom, color } = frame;
  for (const dim of bright ? [true, false] : [false]) {
    const mine = bright ? nodes.filter((box) => bright.has(box.id) !== dim) : nodes;
    g.globalAlpha = dim ? 0.3 : 1;
    g.beginPath();
    for (const box of mine) g.rect(box.x, box.y, box.width, box.height);
    g.fillStyle = color("surface");
    g.fill();
    if (zoom > 0.1) {
      g.strokeStyle = color("border-strong");
      g.lineWidth = 1.5;
      g.stroke();
    }
    // From very far the whole node takes the colour of its state: the edge alone would be less than a pixel.
    const edge = zoom < 0.1 ? 70 : 12;
    for (const tone of TONES) {
      g.beginPath();
      for (const box of mine)
        if ((tones.get(box.id) ?? "none") === tone) g.rect(box.x, box.y, edge, box.height);
      g.fillStyle = color(tone);
      g.fill();
    }
    if (zoom > 0.22) {
      g.fillStyle = color("text");
      g.font = "600 20px system-ui, sans-serif";
      g.textBaseline = "middle";
      for (const box of mine)
        g.fillText(
          fit(g, box.id.split("/").at(-1) ?? box.id, box.width - 34),
          box.x + 24,
          box.y + box.height / 2,
        );
    }
  }
  g.globalAlpha = 1;
  g.strokeStyle = color("accent");
  g.lineWidth = 3 / zoom;
  for (const box of nodes) if (selected.has(box.id)) g.strokeRect(box.x, box.y, box.width, box.height);
}

/** Names of groups, at a size that can be read from any height. */
export function paintNames({ g, screen, zoom, color }: Frame, groups: readonly GroupBox[]): void {
  const size = Math.min(320, 12 / zoom);
  g.font = `600 ${size}px system-ui, sans-serif`;
  g.textBaseline = "bottom";
  g.fillStyle = color("text-2");
  for (const group of groups) {
    if (!group.collapsed && overlaps(screen, group) && group.width > size * 3)
      g.fillText(fit(g, group.id, group.width - 4), group.x + 4, group.y - size * 0.15);
  }
}

/** The text cut to a width; canvas itself would squeeze its letters. */
function fit(g: CanvasRenderingContext2D, text: string, width: number): string {
  const full = g.measureText(text).width;
  if (full <= width) return text;
  return `${text.slice(0, Math.max(1, Math.floor((text.length * width) / full) - 1))}…`;
}
