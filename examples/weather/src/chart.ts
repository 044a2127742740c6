import { parse, type Spec, View } from "vega";

interface Point {
  city: string;
  month: Date;
  high: number;
}

/** A line per city, as an SVG document. */
export async function temperatureChart(
  points: readonly Point[],
  { width, unit }: { width: number; unit: "celsius" | "fahrenheit" },
): Promise<string> {
  const values = points.map(({ city, month, high }) => ({
    city,
    month,
    high: unit === "celsius" ? high : high * 1.8 + 32,
  }));
  const spec: Spec = {
    width,
    height: 260,
    padding: 8,
    background: "white",
    data: [{ name: "climate", values }],
    scales: [
      { name: "x", type: "utc", range: "width", domain: { data: "climate", field: "month" } },
      { name: "y", range: "height", nice: true, domain: { data: "climate", field: "high" } },
      {
        name: "color",
        type: "ordinal",
        range: ["#3b6fd4", "#e0803a"],
        domain: { data: "climate", field: "city", sort: true },
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", format: "%b %Y", labelOverlap: true },
      {
        orient: "left",
        scale: "y",
        grid: true,
        title: unit === "celsius" ? "Mean high (°C)" : "Mean high (°F)",
      },
    ],
    legends: [{ stroke: "color", orient: "top", direction: "horizontal" }],
    marks: [
      {
        type: "group",
        from: { facet: { name: "city", data: "climate", groupby: "city" } },
        marks: [
          {
            type: "line",
            from: { data: "city" },
            encode: {
              enter: {
                x: { scale: "x", field: "month" },
                y: { scale: "y", field: "high" },
                stroke: { scale: "color", field: "city" },
                strokeWidth: { value: 2 },
              },
            },
          },
          {
            type: "symbol",
            from: { data: "city" },
            encode: {
              enter: {
                x: { scale: "x", field: "month" },
                y: { scale: "y", field: "high" },
                fill: { scale: "color", field: "city" },
                size: { value: 24 },
              },
            },
          },
        ],
      },
    ],
  };
  return new View(parse(spec), { renderer: "none" }).toSVG();
}
