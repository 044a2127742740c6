import { useComputedColorScheme } from "@mantine/core";
import { useStore } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import type { Tone } from "../design/Status.tsx";
import { edgeLines } from "./edge-lines.ts";
import type { Box, Layout } from "./layout.ts";
import { type Frame, PAINT_BELOW, paintEdges, paintGroups, paintNames, paintNodes } from "./paint.ts";
import { type BoxIndex, screenRect } from "./viewport.ts";

interface Props {
  readonly layout: Layout;
  readonly index: BoxIndex<Box>;
  readonly tones: ReadonlyMap<string, Tone>;
  /** Ids that stand out; null: all do. */
  readonly bright: ReadonlySet<string> | null;
  readonly selected: ReadonlySet<string>;
}

/** Groups, edges, and from afar the nodes too, on one canvas under the flow's elements. */
export function GraphCanvas({ layout, index, tones, bright, selected }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const transform = useStore((s) => s.transform);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const scheme = useComputedColorScheme();
  const lines = useMemo(() => edgeLines(layout, bright), [layout, bright]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme changes the colours that CSS answers
  useEffect(() => {
    const element = canvas.current;
    const g = element?.getContext("2d");
    if (!element || !g || width === 0) return;
    const frame = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
        element.style.width = `${width}px`;
        element.style.height = `${height}px`;
      }
      const css = getComputedStyle(element);
      const [x, y, zoom] = transform;
      const view: Frame = {
        g,
        zoom,
        screen: screenRect(transform, width, height, 0),
        color: (name) => css.getPropertyValue(`--${name}`),
      };
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, width, height);
      g.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y);
      paintGroups(view, layout.groups);
      paintEdges(view, lines.plain, { strong: false, faded: bright !== null });
      paintEdges(view, lines.lit, { strong: true, faded: false });
      if (zoom >= PAINT_BELOW) return;
      paintNodes(view, index.within(view.screen), tones, bright, selected);
      paintNames(view, layout.groups);
    });
    return () => cancelAnimationFrame(frame);
  }, [transform, width, height, layout, index, lines, tones, bright, selected, scheme]);
  return <canvas ref={canvas} aria-hidden />;
}
