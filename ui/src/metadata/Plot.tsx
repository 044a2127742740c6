import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { countOf } from "../design/count.ts";
import { formatAbsolute } from "../design/time.ts";
import { axisNumber, formatNumber } from "./number.ts";
import { byPartition, type Point, type Series } from "./series.ts";

const HOUR_S = 3600;

/** A lone value stands in the middle of two hours (or of three partitions); uPlot would give it years. */
function around(chart: uPlot, min: number, max: number): [number, number] {
  const [xs] = chart.data;
  const [only] = xs;
  if (only === undefined || xs.length > 1) return [min, max];
  const side = chart.scales.x?.time ? HOUR_S : 1;
  return [only - side, only + side];
}

/** One numeric metadata label over time, or its latest value over partitions. */
export default function Plot({ series, over }: { series: Series; over: "time" | "partition" }) {
  const scheme = useComputedColorScheme();
  const holder = useRef<HTMLDivElement>(null);
  const { ref: sizer, width } = useElementSize();
  const [hover, setHover] = useState<Point | null>(null);
  const points = useMemo(() => (over === "time" ? series.points : byPartition(series)), [series, over]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours come from CSS, which the theme changes
  useEffect(() => {
    const element = holder.current;
    if (!element || width < 50) return;
    const css = getComputedStyle(element);
    const color = (name: string) => css.getPropertyValue(`--${name}`).trim();
    const axis = {
      stroke: color("text-3"),
      grid: { stroke: color("border"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui",
    };
    const chart = new uPlot(
      {
        width,
        height: 180,
        scales: { x: { time: over === "time", range: around } },
        cursor: { y: false, points: { size: 7 } },
        hooks: {
          setCursor: [
            (u) =>
              setHover(
                u.cursor.idx === null || u.cursor.idx === undefined ? null : (points[u.cursor.idx] ?? null),
              ),
          ],
        },
        axes: [
          over === "time"
            ? axis
            : {
                ...axis,
                values: (_u, splits) =>
                  splits.map((i) => (Number.isInteger(i) ? (points[i]?.partition ?? "") : "")),
                space: 90,
              },
          { ...axis, size: 58, values: (_u, splits) => splits.map(axisNumber) },
        ],
        series: [
          {},
          {
            stroke: color("accent"),
            width: 1.6,
            points: { show: points.length < 120, size: 5, fill: color("accent") },
            fill: `${color("accent")}18`,
          },
        ],
      },
      [points.map((p, i) => (over === "time" ? p.at / 1000 : i)), points.map((p) => p.value)],
      element,
    );
    return () => chart.destroy();
  }, [points, over, width, scheme]);

  const shown = hover ?? points.at(-1);
  return (
    <div className="plot" ref={sizer}>
      <div className="row between wrap" style={{ marginBottom: 6, rowGap: 0 }}>
        <strong className="truncate">{series.label}</strong>
        {shown ? (
          <span className="plot-tip nowrap">
            <strong>{formatNumber(shown.value)}</strong> ·{" "}
            {over === "partition" ? shown.partition : formatAbsolute(shown.at)}
          </span>
        ) : null}
      </div>
      <div
        ref={holder}
        role="img"
        aria-label={`${series.label} over ${over}: ${countOf(points.length, "value")}${points.length ? `, last ${formatNumber(points.at(-1)?.value ?? 0)}` : ""}`}
        style={{ minHeight: 180 }}
      />
    </div>
  );
}
