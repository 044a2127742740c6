import { lazy, Suspense } from "react";
import type { Series } from "./series.ts";

const Plot = lazy(() => import("./Plot.tsx"));

/** Small multiples of numeric metadata; the chart library loads when the first is shown. */
export function Plots({ series, over }: { series: readonly Series[]; over: "time" | "partition" }) {
  return (
    <div className="plots">
      {series.map((one) => (
        <Suspense key={one.label} fallback={<div className="skeleton" style={{ height: 200 }} />}>
          <Plot series={one} over={over} />
        </Suspense>
      ))}
    </div>
  );
}
