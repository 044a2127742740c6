import { useComputedColorScheme } from "@mantine/core";
import { useStore } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import type { Tone } from "../design/Status.tsx";
import { type Box, groupId, type Layout } from "./layout.ts";
import { overlaps, screenRect } from "./viewport.ts";

/** Below this zoom nodes are painted, not mounted: ten thousand rectangles cost a frame, ten thousand elements the page. */
export const PAINT_BELOW = 0.45;

interface Props {
  readonly layout: Layout;
  readonly tones: ReadonlyMap<string, Tone>;
  /** Ids that stand out; null: all do. */
  readonly bright: ReadonlySet<string> | null;
  readonly selected: ReadonlySet<string>;
}

/** Edges, and from afar the nodes too, on one canvas under the flow's elements. */
export function GraphCanvas({ layout, tones, bright, selected }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const transform = useStore((s) => s.transform);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const scheme = useComputedColorScheme();
  const boxes = useMemo(() => {
    const map = new Map<string, Box>(layout.nodes.map((box) => [box.id, box]));
    for (const group of layout.groups) if (group.collapsed) map.set(groupId(group.id), group);
    return map;
  }, [layout]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme changes the colours that CSS answers
  useEffect(() => {
    const element = canvas.current;
    const g = element?.getContext("2d");
    if (!element || !g || width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = width * ratio;
    element.height = height * ratio;
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    const frame = requestAnimationFrame(() => {
      const css = getComputedStyle(element);
      const color = (name: string) => css.getPropertyValue(`--${name}`);
      const [x, y, zoom] = transform;
      const screen = screenRect(transform, width, height, 0);
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, width, height);
      g.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y);

      const paint = (strong: boolean) => {
        g.beginPath();
        for (const edge of layout.edges) {
          const from = boxes.get(edge.from);
          const to = boxes.get(edge.to);
          if (!from || !to) continue;
          const lit = bright?.has(edge.from) && bright.has(edge.to);
          if (lit !== strong) continue;
          const x1 = from.x + from.width;
          const y1 = from.y + from.height / 2;
          const x2 = to.x;
          const y2 = to.y + to.height / 2;
          if (
            !overlaps(screen, {
              x: Math.min(x1, x2),
              y: Math.min(y1, y2),
              width: Math.abs(x2 - x1) + 1,
              height: Math.abs(y2 - y1) + 1,
            })
          )
            continue;
          g.moveTo(x1, y1);
          if (zoom < 0.15) g.lineTo(x2, y2);
          else {
            const bend = Math.max(24, Math.abs(x2 - x1) / 2);
            g.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
          }
        }
        g.strokeStyle = strong ? color("accent") : color("none");
        g.globalAlpha = strong ? 1 : bright ? 0.25 : 0.75;
        g.lineWidth = strong ? Math.max(1.8, 1 / zoom) : Math.max(1.2, 0.6 / zoom);
        g.stroke();
        g.globalAlpha = 1;
      };
      paintGroups(g, layout, screen, color);
      paint(false);
      if (bright) paint(true);
      if (zoom < PAINT_BELOW) paintNodes(g, layout, screen, tones, bright, selected, color, zoom);
    });
    return () => cancelAnimationFrame(frame);
  }, [transform, width, height, layout, boxes, tones, bright, selected, scheme]);
  return <canvas ref={canvas} aria-hidden />;
}

function paintGroups(
  g: CanvasRenderingContext2D,
  layout: Layout,
  screen: Parameters<typeof overlaps>[0],
  color: (name: string) => string,
): void {
  for (const group of layout.groups) {
    if (group.collapsed || !overlaps(screen, group)) continue;
    g.fillStyle = color("surface-2");
    g.strokeStyle = color("border-strong");
    g.lineWidth = 1.2;
    g.beginPath();
    g.roundRect(group.x, group.y, group.width, group.height, 12);
    g.fill();
    g.stroke();
  }
}

function paintNodes(
  g: CanvasRenderingContext2D,
  layout: Layout,
  screen: Parameters<typeof overlaps>[0],
  tones: ReadonlyMap<string, Tone>,
  bright: ReadonlySet<string> | null,
  selected: ReadonlySet<string>,
  color: (name: string) => string,
  zoom: number,
): void {
  const surface = color("surface");
  const border = color("border-strong");
  const accent = color("accent");
  const shades = new Map<Tone, string>(
    (["ok", "fail", "run", "queue", "warn", "none"] as const).map((tone) => [tone, color(tone)]),
  );
  for (const box of layout.nodes) {
    if (!overlaps(screen, box)) continue;
    g.globalAlpha = bright && !bright.has(box.id) ? 0.3 : 1;
    g.fillStyle = surface;
    g.fillRect(box.x, box.y, box.width, box.height);
    g.strokeStyle = selected.has(box.id) ? accent : border;
    g.lineWidth = selected.has(box.id) ? 3 / zoom : 1.5;
    g.strokeRect(box.x, box.y, box.width, box.height);
    g.fillStyle = shades.get(tones.get(box.id) ?? "none") ?? border;
    g.fillRect(box.x, box.y, 12, box.height);
    if (zoom > 0.22) {
      g.fillStyle = color("text");
      g.font = "600 20px system-ui, sans-serif";
      g.textBaseline = "middle";
      g.fillText(fit(box.id.split("/").at(-1) ?? box.id), box.x + 24, box.y + box.height / 2, box.width - 34);
    }
  }
  g.globalAlpha = 1;
  // Names of groups are painted at a size that can be read from any height.
  const size = Math.min(120, 13 / zoom);
  g.font = `600 ${size}px system-ui, sans-serif`;
  g.textBaseline = "bottom";
  for (const group of layout.groups) {
    if (group.collapsed || !overlaps(screen, group)) continue;
    g.fillStyle = color("text-2");
    if (group.width > size * 3) g.fillText(group.id, group.x + 4, group.y - size * 0.15, group.width);
  }
}

function fit(text: string): string {
  return text.length > 22 ? `${text.slice(0, 21)}…` : text;
}
