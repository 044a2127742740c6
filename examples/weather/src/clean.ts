import { asset, assetCheck } from "@dagster-operator/sdk";
import { months, movieCatalogue, observations } from "./raw.ts";
import { mean } from "./source.ts";

export const dailyWeather = asset(
  ["clean", "daily_weather"],
  {
    description: "One typed row per city and day, with the day's range and whether it was wet.",
    group: "clean",
    kinds: ["duckdb"],
    owners: ["team:climate"],
    partitions: months,
    inputs: { observations },
  },
  ({ inputs, metadata }) => {
    const days = inputs.observations.map((row) => ({
      city: row.location ?? "",
      day: new Date(row.date ?? ""),
      high: Number(row.temp_max),
      low: Number(row.temp_min),
      range: Number(row.temp_max) - Number(row.temp_min),
      rain_mm: Number(row.precipitation),
      wind: Number(row.wind),
      wet: Number(row.precipitation) >= 1,
      sky: row.weather ?? "unknown",
    }));
    metadata({
      "row count": days.length,
      "mean high (°C)": mean(days.map(({ high }) => high)),
      "wet days": days.filter(({ wet }) => wet).length,
    });
    return days;
  },
);

export const highIsAboveLow = assetCheck(
  "high_is_above_low",
  { asset: dailyWeather, description: "A day's high is never below its low.", blocking: true },
  ({ value }) => {
    const wrong = value.filter(({ high, low }) => high < low);
    return { passed: wrong.length === 0, metadata: { checked: value.length, wrong: wrong.length } };
  },
);

export const releasedMovies = asset(
  ["clean", "released_movies"],
  {
    description: "Films with a release date that can be read, and a gross.",
    group: "clean",
    kinds: ["duckdb"],
    owners: ["team:cinema"],
    inputs: { movies: movieCatalogue },
  },
  ({ inputs, metadata, log }) => {
    const released = inputs.movies.flatMap(({ release_date, us_gross, title, ...movie }) => {
      const day = new Date(`${release_date} UTC`);
      return title === null || us_gross === null || Number.isNaN(day.getTime())
        ? []
        : [{ ...movie, title, us_gross, day }];
    });
    log.info(
      `${inputs.movies.length - released.length} films without a usable date, title or gross left out`,
    );
    metadata({ "row count": released.length, "left out": inputs.movies.length - released.length });
    return released;
  },
);
