import { asset, assetIn, image, md, table, z } from "@dagster-operator/sdk";
import { temperatureChart } from "./chart.ts";
import { dailyWeather, releasedMovies } from "./clean.ts";
import { mean } from "./source.ts";
import { warehouse } from "./warehouse.ts";

export const monthlyClimate = asset(
  ["marts", "monthly_climate"],
  {
    description: "Mean high and low, rain and wet days per city and month, over every month that is loaded.",
    group: "marts",
    kinds: ["sql", "duckdb"],
    owners: ["team:climate"],
    deps: [dailyWeather], // read by SQL where it lies, not loaded into this process
    resources: { warehouse },
  },
  async ({ resources, metadata }) => {
    const rows = await resources.warehouse.query<{
      city: string;
      month: Date;
      high: number;
      low: number;
      rain_mm: number;
      wet_days: number;
    }>(`
      SELECT city, CAST(date_trunc('month', day) AS TIMESTAMP) AS month, avg(high) AS high, avg(low) AS low,
             sum(rain_mm) AS rain_mm, CAST(count(*) FILTER (wet) AS INTEGER) AS wet_days
      FROM clean.daily_weather GROUP BY ALL ORDER BY city, month`);
    metadata({
      "row count": rows.length,
      "mean high (°C)": mean(rows.map(({ high }) => high)),
      preview: table(rows.slice(-6)),
    });
    return rows;
  },
);

export const cityComparison = asset(
  ["marts", "city_comparison"],
  {
    description: "The two cities side by side.",
    group: "marts",
    kinds: ["duckdb"],
    inputs: { climate: monthlyClimate },
  },
  ({ inputs, metadata }) => {
    const rows = [...new Set(inputs.climate.map(({ city }) => city))].map((city) => {
      const ofCity = inputs.climate.filter((row) => row.city === city);
      return {
        city,
        mean_high: mean(ofCity.map(({ high }) => high)),
        mean_low: mean(ofCity.map(({ low }) => low)),
        rain_mm_a_month: mean(ofCity.map(({ rain_mm }) => rain_mm)),
      };
    });
    metadata({
      comparison: table(rows),
      ...Object.fromEntries(rows.map(({ city, mean_high }) => [`mean high ${city} (°C)`, mean_high])),
    });
    return rows;
  },
);

export const openingWeather = asset(
  ["marts", "opening_weather"],
  {
    description: "Films joined with the New York weather of their opening day: does rain sell tickets?",
    group: "marts",
    kinds: ["duckdb"],
    owners: ["team:cinema"],
    // Every month that is loaded, by its partition key; those that are not are left out.
    inputs: { movies: releasedMovies, weather: assetIn(dailyWeather, { allowMissing: true }) },
  },
  ({ inputs, metadata }) => {
    const days = Object.values(inputs.weather).flat();
    const byDay = new Map(
      days.filter(({ city }) => city === "New York").map((day) => [day.day.getTime(), day]),
    );
    const rows = inputs.movies.flatMap(({ title, genre, us_gross, day }) => {
      const weather = byDay.get(day.getTime());
      return weather ? [{ title, genre, us_gross, day, wet: weather.wet, high: weather.high }] : [];
    });
    const gross = (wet: boolean) =>
      mean(rows.filter((row) => row.wet === wet).map(({ us_gross }) => us_gross));
    metadata({
      "row count": rows.length,
      "mean gross on wet days ($)": gross(true),
      "mean gross on dry days ($)": gross(false),
    });
    return rows;
  },
);

export const temperaturePicture = asset(
  ["marts", "temperature_chart"],
  {
    description: "The monthly highs of both cities as a picture.",
    group: "marts",
    kinds: ["vega", "svg"],
    inputs: { climate: monthlyClimate },
    config: z.object({
      width: z.number().int().min(200).max(2000).default(640).describe("Pixels"),
      unit: z.enum(["celsius", "fahrenheit"]).default("celsius"),
    }),
    ioManager: "files",
  },
  async ({ inputs, config, metadata }) => {
    const svg = await temperatureChart(inputs.climate, config);
    metadata({ chart: image.svg(svg), "points drawn": inputs.climate.length });
    return svg;
  },
);

export const climateReport = asset(
  ["marts", "climate_report"],
  {
    description: "What one would mail on Monday.",
    group: "marts",
    kinds: ["markdown"],
    inputs: { cities: cityComparison, openings: openingWeather },
    ioManager: "files",
  },
  ({ inputs, metadata }) => {
    const lines = [
      "# Climate and cinema",
      ...inputs.cities.map(
        (row) =>
          `- **${row.city}**: mean high ${row.mean_high.toFixed(1)} °C, ${row.rain_mm_a_month.toFixed(0)} mm of rain a month`,
      ),
      `- ${inputs.openings.length} films opened on a day that we have weather for`,
    ];
    metadata({ report: md(lines.join("\n")), lines: lines.length });
    return lines.join("\n");
  },
);
