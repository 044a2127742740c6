import { readFile } from "node:fs/promises";
import { asset, md, monthlyPartitions, table } from "@dagster-operator/sdk";
import { dataset, mean, readCsv } from "./source.ts";

/** The published table covers 2012 to 2015; one partition a month. */
export const months = monthlyPartitions({ start: "2012-01-01", end: "2016-01-01", timezone: "UTC" });

export const observations = asset(
  ["raw", "observations"],
  {
    description: "Daily weather of Seattle and New York as NOAA published it, untouched.",
    group: "raw",
    kinds: ["csv", "duckdb"],
    owners: ["team:climate"],
    partitions: months,
  },
  async ({ partitionTimeWindow: { start, end }, log, metadata }) => {
    const rows = (await readCsv(dataset("weather.csv"))).filter(
      ({ date = "" }) => new Date(date) >= start && new Date(date) < end,
    );
    log.info(`read ${rows.length} observations`);
    metadata({ "row count": rows.length, preview: table(rows.slice(0, 5)) });
    return rows;
  },
);

interface SourceMovie {
  Title: string | number | null;
  "Release Date": string | null;
  "Major Genre": string | null;
  "US Gross": number | string | null;
  "Production Budget": number | null;
  "IMDB Rating": number | null;
}

export const movieCatalogue = asset(
  ["raw", "movies"],
  {
    description:
      "Films with release date, genre, budget and gross, as the catalogue has them: dates as text, gaps and all.",
    group: "raw",
    kinds: ["json", "duckdb"],
    owners: ["team:cinema"],
  },
  async ({ metadata }) => {
    const movies: SourceMovie[] = JSON.parse(await readFile(dataset("movies.json"), "utf8"));
    const rows = movies.map((movie) => ({
      title: movie.Title === null ? null : String(movie.Title),
      release_date: movie["Release Date"],
      genre: movie["Major Genre"],
      us_gross: typeof movie["US Gross"] === "number" ? movie["US Gross"] : null,
      budget: movie["Production Budget"],
      rating: movie["IMDB Rating"],
    }));
    metadata({
      "row count": rows.length,
      "mean rating": mean(rows.flatMap(({ rating }) => rating ?? [])),
      about: md("From the **movies** table of `vega-datasets`; the release dates are not cleaned."),
    });
    return rows;
  },
);
